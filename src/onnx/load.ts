import { readBytes } from "../files.ts";
import { type ModelFile, readBeside, refuse } from "../model/mod.ts";
import { decodeOnnx } from "./decode.ts";
import { readOnnx } from "./read.ts";

/**
 * Reads a convolutional network from an ONNX file, and from the files beside it that hold its weights.
 *
 * @param path The file.
 * @returns The network as layers and weights.
 * @throws {InputError} As `readOnnx()`; also when a file is missing, or one with weights lies outside the model's folder.
 */
export async function loadOnnxFile(path: string): Promise<ModelFile> {
  const bytes = await readBytes(path).catch(refuse(`reading ${path}`));
  const { graph } = decodeOnnx(bytes, path);
  const locations = new Set(
    graph.initializers.flatMap(({ external }) => external?.get("location") ?? []),
  );
  const external = new Map<string, Uint8Array>();
  for (const location of locations) {
    external.set(location, await readBeside(location, path, "weights"));
  }
  const file = readOnnx(bytes, path, external);
  const beside = external.values().reduce((total, { length }) => total + length, 0);
  return { ...file, bytes: bytes.length + beside };
}
