import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import project from "../../../deno.json" with { type: "json" };
import {
  fileError,
  InputError,
  isMissing,
  option,
  requireWritableFolder,
  statFile,
  takeTurn,
  writeWholeFolder,
} from "../../base/mod.ts";
import {
  encodeWeights,
  type ModelFile,
  type QuantizedType,
  requireFiniteWeights,
  type StoredWeights,
  type Weight,
} from "../../model/mod.ts";
import type { FolderFormat } from "./folder_format.ts";
import { openWritten } from "./open_written.ts";
import { MODEL, replaceModel } from "./replace_model.ts";

/** Content of files by name. */
export type ExtraFiles = ReadonlyMap<string, Uint8Array | string>;

/** How a model is written. */
export interface SaveOptions {
  /** Replace a model that stands there already. */
  force?: boolean;
  /**
   * Type that kernels are stored in; they are float32 again when the model is read. Default: the type that the model was
   * read with, or float32.
   */
  quantize?: QuantizedType | "float32";
  /**
   * Further files of the folder by plain file name, such as a report; they appear together with the model. A function is
   * called with the number of bytes of the model.
   */
  extraFiles?: ExtraFiles | ((bytes: number) => ExtraFiles | Promise<ExtraFiles>);
  /**
   * Open what is written by stock TensorFlow.js before it takes its place. Default: `saveModel` does, `saveModelFile` does
   * not.
   */
  verify?: boolean;
  /** Interrupts the writing; what stood there before stays. */
  signal?: AbortSignal;
}

const GENERATOR = `Secateur v${project.version}`;

/** Largest shard, as tensorflowjs_converter cuts them: browsers cache files of this size. */
const SHARD_BYTES = 4 * 1024 * 1024;

/**
 * Refuses an output folder that must not be written, before any work is spent.
 *
 * @param dir Folder the model is to be written to.
 * @param force Whether a model there may be replaced.
 * @throws {InputError} When nothing can be created beside `dir`; when `dir` exists and `force` is not set; with `force`,
 * when it is not a folder, or when it holds folders or files but no model.json, so that replacing it would destroy
 * something else.
 *
 * @example Find out before the work whether a folder can be written
 * ```ts
 * import { loadModelFile, refuseExisting, saveModelFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/resnet8`;
 * await refuseExisting(path);
 * await saveModelFile(path, await loadModelFile("cli/example/resnet8-fashion-mnist"));
 * await assert.rejects(refuseExisting(path), /choose another or replace it/);
 * await refuseExisting(path, true);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function refuseExisting(dir: string, force = false): Promise<void> {
  const found = await stat(dir).catch((error) => {
    if (isMissing(error)) return undefined;
    throw fileError(`writing ${dir}`, error);
  });
  if (!found) return await requireWritableFolder(dir);
  if (!force) {
    throw new InputError([
      `writing ${dir}: found it there already, wanted a new folder; choose another or replace it with `,
      option("force"),
    ]);
  }
  const isFolder = found.isDirectory();
  const entries = isFolder ? await readdir(dir, { withFileTypes: true }) : [];
  const isModel = entries.some((entry) => entry.name === MODEL);
  const folder = entries.find((entry) => entry.isDirectory());
  if (!isFolder || folder || (entries.length > 0 && !isModel)) {
    const what = !isFolder
      ? "a file"
      : folder
      ? `the folder ${folder.name} in it`
      : `${entries[0].name} in it and no model.json`;
    throw new InputError([
      `writing ${dir}: found ${what}, wanted the folder of a model alone; `,
      option("force"),
      " replaces nothing else, choose another folder",
    ]);
  }
  await requireWritableFolder(dir);
}

/**
 * Writes a model as tfjs does: model.json and shards of at most 4 MiB, in one transaction.
 *
 * Everything is written to a draft beside `dir` first. Where there is no model yet the draft takes the name; an older
 * model's files are replaced by it, and at any moment, after a failure or the end of the process too, what stands in
 * `dir` is the older model or the newer one as a whole.
 *
 * @param dir Folder to create.
 * @param file The model.
 * @param options Replacement, further files, interruption.
 * @returns Bytes of model.json and shards.
 * @throws {InputError} When {@link refuseExisting} refuses `dir`, or the disk does, or, with `verify`, stock TensorFlow.js
 * cannot open what was written.
 * @throws {RangeError} When a further file has no plain name or one of the model's, or a weight does not fit its shape.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Write a model with bytes for kernels, and a note beside it
 * ```ts
 * import { loadModelFile, saveModelFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const model = await loadModelFile("cli/example/resnet8-fashion-mnist");
 * const { bytes } = await saveModelFile(`${folder}/resnet8`, model, {
 *   quantize: "uint8",
 *   extraFiles: (bytes) => new Map([["README.md", `ResNet-8, ${bytes} bytes\n`]]),
 * });
 * assert.ok(bytes < model.bytes / 2);
 * const note = await Deno.readTextFile(`${folder}/resnet8/README.md`);
 * assert.equal(note, `ResNet-8, ${bytes} bytes\n`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveModelFile(
  dir: string,
  file: ModelFile,
  options: SaveOptions = {},
): Promise<{ bytes: number }> {
  return await saveFolder(dir, encodeModelFiles(file, options.quantize), options, "layers");
}

/**
 * Writes the files of a model to a folder, as {@link saveModelFile} does.
 *
 * @param dir Folder to create.
 * @param modelFiles Model.json and shards by name.
 * @param options Replacement, further files, interruption.
 * @param format What model.json describes.
 * @returns Bytes of model.json and shards.
 * @throws {InputError} As {@link saveModelFile}.
 * @throws {RangeError} When a further file has no plain name or one of the model's.
 * @throws The signal's reason, when it interrupts.
 */
export async function saveFolder(
  dir: string,
  modelFiles: ReadonlyMap<string, Uint8Array>,
  options: SaveOptions,
  format: FolderFormat,
): Promise<{ bytes: number }> {
  const bytes = modelFiles.values().reduce((total, content) => total + content.length, 0);
  const extraFiles = await resolveExtraFiles(options, bytes);
  for (const name of extraFiles.keys()) {
    if (modelFiles.has(name) || name !== basename(name) || ["", ".", ".."].includes(name)) {
      throw new RangeError(`writing ${dir}: found the file name "${name}", wanted a plain new one`);
    }
  }
  const { signal, force } = options;
  signal?.throwIfAborted();
  await refuseExisting(dir, force);
  const hasModel = force && await statFile(join(dir, MODEL)) !== undefined;
  await writeWholeFolder(dir, new Map([...modelFiles, ...extraFiles]), {
    signal,
    ...(options.verify && { check: (folder: string) => openWritten(folder, format) }),
    ...(hasModel && {
      settle: (draft, place) =>
        takeTurn(
          draft,
          place,
          (own) => replaceModel(own, place, modelFiles, [...extraFiles.keys()]),
        ),
    }),
  });
  return { bytes };
}

/**
 * The files that go with a model.
 *
 * @param options What is asked for.
 * @param bytes Bytes of the model.
 * @returns Their contents by name.
 */
export async function resolveExtraFiles(
  { extraFiles = new Map() }: SaveOptions,
  bytes: number,
): Promise<ExtraFiles> {
  return typeof extraFiles === "function" ? await extraFiles(bytes) : extraFiles;
}

/**
 * Writes a layers model as tfjs does, into memory.
 *
 * @param file The model.
 * @param quantize What kernels are stored as. Default: what they were read as, or float32.
 * @returns The bytes of model.json and its shards, by name.
 */
export function encodeModelFiles(
  file: ModelFile,
  quantize: SaveOptions["quantize"] = file.quantized,
): Map<string, Uint8Array> {
  requireFiniteWeights(file, `writing ${file.path}`);
  return joinModelFiles({
    format: "layers-model",
    convertedBy: null,
    modelTopology: file.topology,
    ...(file.trainingConfig !== undefined && { trainingConfig: file.trainingConfig }),
    ...(file.metadata && { userDefinedMetadata: file.metadata }),
  }, [encodeKernels(file.weights.values(), quantize)]);
}

/** Weights as a model stores them, kernels as what is asked for. */
export function encodeKernels(
  weights: Iterable<Weight>,
  quantize: SaveOptions["quantize"],
): StoredWeights {
  return encodeWeights(weights, quantize === "float32" ? undefined : quantize);
}

/**
 * model.json and its shards; every group of weights has shards of its own.
 *
 * @param model Members of model.json but for the manifest of the weights and what wrote it.
 * @param groups The weights.
 * @returns The bytes of the files by name.
 */
export function joinModelFiles(
  model: object,
  groups: readonly StoredWeights[],
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const weightsManifest = groups.map(({ specs, bytes }, group) => {
    const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
    const paths = Array.from({ length: count }, (_, index) => {
      const path = `group${group + 1}-shard${index + 1}of${count}.bin`;
      files.set(path, bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES));
      return path;
    });
    return { paths, weights: specs };
  });
  const json = new TextEncoder().encode(
    JSON.stringify({ ...model, generatedBy: GENERATOR, weightsManifest }),
  );
  return new Map([[MODEL, json], ...files]);
}
