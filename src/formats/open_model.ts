import { open, stat } from "node:fs/promises";
import { InputError, readBytes } from "../base/mod.ts";
import { addLabelFiles, labelFilesBeside } from "./label_files.ts";
import { needsKeras, readKeras, readKerasModelJson } from "./keras/mod.ts";
import { type BesideReader, readBeside, refuse } from "./tfjs/read_beside.ts";
import {
  isGraphModel,
  type ModelJson,
  parseModelJson,
  readLayersModel,
  readModelJson,
} from "./tfjs/load.ts";
import { unzipModel } from "./zipped_model.ts";
import type { ModelFile } from "../model/mod.ts";

/** Bytes that tell what a file is. */
const HEAD_BYTES = 16;

/** Reads a model from the bytes of its file and of those that it names. */
type Reader = (bytes: Uint8Array, path: string, readFile: BesideReader) => Promise<ModelFile>;

/** Formats by the first bytes of their files. */
const FORMATS: readonly [begins: (head: Uint8Array) => boolean, read: Reader][] = [
  [(head) => startsWith(head, "\x89HDF\r\n\x1a\n"), readKeras],
  [(head) => startsWith(head, "PK\x03\x04"), readArchive],
  [(head) => /^(\xef\xbb\xbf)?\s*\{/.test(textOf(head)), readTfjs],
  [(head) => textOf(head.subarray(4)).startsWith("TFL3"), readTfliteModel],
  [(head) => head[0] === 0x08 && head[1] < 0x80, readOnnx],
];

/** What else a file may be, as people call it. */
const STRANGERS: readonly [begins: (head: Uint8Array) => boolean, name: string][] = [
  [(head) => startsWith(head, "\x80\x02") || startsWith(head, "\x80\x04"), "a Python pickle"],
  [(head) => startsWith(head, "\x93NUMPY"), "a NumPy array"],
  [(head) => startsWith(head, "\x1f\x8b"), "a gzip archive"],
  [(head) => startsWith(head, "\x89PNG") || startsWith(head, "\xff\xd8"), "an image"],
  [(head) => textOf(head.subarray(8)).startsWith("{"), "a safetensors file"],
];

/**
 * Reads a model, whatever format it is in: a tfjs layers model or graph model (a model.json or its folder), Keras
 * (`.keras`, `.h5`), ONNX or TensorFlow Lite, or one of these in a zip archive. The content decides, not the name. Files beside
 * it may say what its outputs mean: {@link addLabelFiles}.
 *
 * @param path The file or folder.
 * @returns Graph and weights, as tfjs-layers has them.
 * @throws {InputError} When there is no such file, it is of another format, or its reader refuses it.
 *
 * @example Open a model of any format
 * ```ts
 * import { openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * assert.deepEqual(model.weights.get("conv1/kernel")!.shape, [3, 3, 1, 16]);
 * assert.equal(model.path, "cli/example/resnet8-fashion-mnist/model.json");
 * ```
 */
export async function openModel(path: string): Promise<ModelFile> {
  const file = await readPath(path);
  return await addLabelFiles(file, labelFilesBeside(file.path));
}

async function readPath(path: string): Promise<ModelFile> {
  const head = await readHead(path);
  if (head === undefined) return await readModelOf(await readModelJson(path));
  const read = findReader(head, path);
  const bytes = await readBytes(path).catch(refuse(`reading ${path}`));
  return await read(bytes, path, (name, role) => readBeside(name, path, role));
}

/**
 * Reads a model from memory, as {@link openModel} does from disk.
 *
 * @param name Which of the files is the model; the others are those that it names.
 * @param files The files by name.
 * @returns Graph and weights, as tfjs-layers has them.
 * @throws {InputError} When a file is missing, it is of another format, or its reader refuses it.
 *
 * @example Read a model from bytes
 * ```ts
 * import { readModel } from "secateur";
 * import assert from "node:assert/strict";
 * import { readFile } from "node:fs/promises";
 *
 * const folder = "cli/example/resnet8-fashion-mnist";
 * const files = new Map([
 *   ["model.json", await readFile(`${folder}/model.json`)],
 *   ["group1-shard1of1.bin", await readFile(`${folder}/group1-shard1of1.bin`)],
 * ]);
 * const model = await readModel("model.json", files);
 * assert.deepEqual(model.weights.get("conv1/kernel")!.shape, [3, 3, 1, 16]);
 * ```
 */
export async function readModel(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ModelFile> {
  const bytes = files.get(name);
  if (bytes === undefined) {
    throw new InputError(`reading ${name}: found no such file; give its bytes too`);
  }
  const read = findReader(bytes.subarray(0, HEAD_BYTES), name);
  const file = await read(bytes, name, (other, role) => {
    const content = files.get(other);
    if (content !== undefined) return Promise.resolve(content);
    const found = [...files.keys()].join(", ");
    const message =
      `reading ${other}, ${role} of ${name}: found ${found} alone, wanted it too; give all files of the model together`;
    return Promise.reject(new InputError(message));
  });
  return await addLabelFiles(file, (other) => {
    const content = files.get(other);
    return Promise.resolve(content && new TextDecoder().decode(content));
  });
}

function findReader(head: Uint8Array, path: string): Reader {
  const format = FORMATS.find(([begins]) => begins(head));
  if (format !== undefined) return format[1];
  const stranger = STRANGERS.find(([begins]) => begins(head))?.[1] ??
    (head.length === 0 ? "an empty file" : "a file of an unknown format");
  throw new InputError(
    `opening the model ${path}: found ${stranger}, wanted a model.json of tfjs or its folder, ` +
      `a .keras or .h5 file of Keras, an ONNX or TensorFlow Lite file, or a zip archive of one of these; convert it to one of these where it was trained`,
  );
}

/** A `.keras` file, or an archive with a model in it. */
async function readArchive(bytes: Uint8Array, path: string): Promise<ModelFile> {
  const zipped = unzipModel(bytes, path);
  if (zipped === undefined) return await readKeras(bytes, path);
  return { ...await readModel(zipped.name, zipped.files), path };
}

async function readTfjs(...file: Parameters<Reader>): Promise<ModelFile> {
  return await readModelOf(parseModelJson(...file));
}

async function readModelOf(model: ModelJson): Promise<ModelFile> {
  if (!isGraphModel(model)) {
    return needsKeras(model) ? await readKerasModelJson(model) : await readLayersModel(model);
  }
  const { loadGraphModel } = await import("./graph_model/mod.ts");
  return await loadGraphModel(model);
}

/** Its reader is loaded where there is something to read. */
async function readOnnx(...model: Parameters<Reader>): Promise<ModelFile> {
  const { readOnnxModel } = await import("./onnx/mod.ts");
  return await readOnnxModel(...model);
}

/** Its reader is loaded where there is something to read. */
async function readTfliteModel(bytes: Uint8Array, path: string): Promise<ModelFile> {
  const { readTflite } = await import("./tflite/mod.ts");
  return readTflite(bytes, path);
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
