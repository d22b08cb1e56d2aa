import { open, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { loadKerasFile } from "../keras/mod.ts";
import { loadModelFile, type ModelFile, refuse } from "../model/mod.ts";

/** Bytes that tell what a file is. */
const HEAD_BYTES = 16;

/** Formats by the first bytes of their files. */
const FORMATS: readonly [begins: (head: Uint8Array) => boolean, load: typeof loadModelFile][] = [
  [(head) => startsWith(head, "\x89HDF\r\n\x1a\n"), loadKerasFile],
  [(head) => startsWith(head, "PK\x03\x04"), loadKerasFile],
  [(head) => /^(\xef\xbb\xbf)?\s*\{/.test(textOf(head)), loadModelFile],
  [(head) => head[0] === 0x08 && head[1] < 0x80, loadOnnx],
];

/** What else a file may be, as people call it. */
const STRANGERS: readonly [begins: (head: Uint8Array) => boolean, name: string][] = [
  [(head) => textOf(head.subarray(4)).startsWith("TFL3"), "a TensorFlow Lite model"],
  [(head) => startsWith(head, "\x80\x02") || startsWith(head, "\x80\x04"), "a Python pickle"],
  [(head) => startsWith(head, "\x93NUMPY"), "a NumPy array"],
  [(head) => startsWith(head, "\x1f\x8b"), "a gzip archive"],
  [(head) => startsWith(head, "\x89PNG") || startsWith(head, "\xff\xd8"), "an image"],
  [(head) => textOf(head.subarray(8)).startsWith("{"), "a safetensors file"],
];

/**
 * Reads a model, whatever format it is in: a tfjs layers model (a model.json or its folder), Keras (`.keras`, `.h5`) or
 * ONNX. The content decides, not the name.
 *
 * @param path The file or folder.
 * @returns Graph and weights, as tfjs-layers has them.
 * @throws {InputError} When there is no such file, it is of another format, or its reader refuses it.
 */
export async function openModel(path: string): Promise<ModelFile> {
  const head = await readHead(path);
  if (head === undefined) return await loadModelFile(path);
  const format = FORMATS.find(([begins]) => begins(head));
  if (format !== undefined) return await format[1](path);
  const stranger = STRANGERS.find(([begins]) => begins(head))?.[1] ??
    (head.length === 0 ? "an empty file" : "a file of an unknown format");
  throw new InputError(
    `opening the model ${path}: found ${stranger}, wanted a model.json of tfjs or its folder, ` +
      `a .keras or .h5 file of Keras, or an ONNX file; convert it to one of these where it was trained`,
  );
}

/** Its reader is loaded where there is something to read. */
async function loadOnnx(path: string): Promise<ModelFile> {
  const { loadOnnxFile } = await import("../onnx/mod.ts");
  return await loadOnnxFile(path);
}

/** The first bytes of a file; undefined for a folder. */
async function readHead(path: string): Promise<Uint8Array | undefined> {
  const refuseOpening = refuse(`opening the model ${path}`);
  if ((await stat(path).catch(refuseOpening)).isDirectory()) return undefined;
  const file = await open(path).catch(refuseOpening);
  try {
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0).catch(refuseOpening);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function startsWith(head: Uint8Array, beginning: string): boolean {
  return textOf(head).startsWith(beginning);
}

/** Every byte as the character of its number. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
