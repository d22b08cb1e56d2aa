import type { BesideReader } from "../../tfjs/read_beside.ts";
import type { ModelFile } from "../../../model/mod.ts";
import { decodeOnnx } from "./decode.ts";
import { readOnnx } from "./read.ts";

/**
 * Reads a convolutional network from the bytes of an ONNX file and of those that hold its weights.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @param readFile Reads a file with weights.
 * @returns The network as layers and weights.
 * @throws {InputError} As `readOnnx()`; also when a file is missing.
 */
export async function readOnnxModel(
  bytes: Uint8Array,
  path: string,
  readFile: BesideReader,
): Promise<ModelFile> {
  const { graph } = decodeOnnx(bytes, path);
  const locations = new Set(
    graph.initializers.flatMap(({ external }) => external?.get("location") ?? []),
  );
  const external = new Map<string, Uint8Array>();
  for (const location of locations) {
    external.set(location, await readFile(location, "weights"));
  }
  const file = readOnnx(bytes, path, external);
  const beside = external.values().reduce((total, { length }) => total + length, 0);
  return { ...file, bytes: bytes.length + beside };
}
