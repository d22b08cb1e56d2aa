import { dirname, isAbsolute, join, relative } from "node:path";
import { InputError } from "../errors.ts";
import type { ModelFile } from "../model/mod.ts";
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
  const bytes = await Deno.readFile(path).catch(refuse(`reading ${path}`));
  const { graph } = decodeOnnx(bytes, path);
  const locations = new Set(
    graph.initializers.flatMap(({ external }) => external?.get("location") ?? []),
  );
  const external = new Map<string, Uint8Array>();
  for (const location of locations) external.set(location, await readBeside(location, path));
  const file = readOnnx(bytes, path, external);
  const beside = external.values().reduce((total, { length }) => total + length, 0);
  return { ...file, bytes: bytes.length + beside };
}

/** A rejection handler that turns a failed file operation into an InputError. */
function refuse(activity: string): (error: unknown) => never {
  return (error) => {
    const reason = error instanceof Deno.errors.NotFound
      ? "found no such file"
      : (error as Error).message;
    throw new InputError(`${activity}: ${reason}`, { cause: error });
  };
}

async function readBeside(location: string, modelPath: string): Promise<Uint8Array> {
  const folder = dirname(modelPath);
  const path = join(folder, location);
  const activity = `reading ${location}, weights of ${modelPath}`;
  if (isAbsolute(location) || !staysInside(folder, path)) throw outsideError(activity);
  const [realFolder, realPath] = await Promise.all([Deno.realPath(folder), Deno.realPath(path)])
    .catch(refuse(activity));
  if (!staysInside(realFolder, realPath)) throw outsideError(activity);
  return await Deno.readFile(realPath).catch(refuse(activity));
}

function staysInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way.split(/[\\/]/)[0] !== ".." && !isAbsolute(way);
}

function outsideError(activity: string): InputError {
  return new InputError(
    `${activity}: found a path that leaves the model's folder, wanted a file beside the model`,
  );
}
