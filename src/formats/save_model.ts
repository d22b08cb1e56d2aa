import { basename, dirname, extname, join } from "node:path";
import {
  InputError,
  type Notice,
  option,
  partsOf,
  refuseExistingFile,
  UsageError,
  writeWholeFiles,
} from "../base/mod.ts";
import { writeKeras } from "./keras/mod.ts";
import {
  encodeModelFiles,
  refuseExisting,
  resolveExtraFiles,
  saveFolder,
  type SaveOptions,
} from "./tfjs/save.ts";
import type { FolderFormat } from "./tfjs/folder_format.ts";
import { type FrameFormat, frameIn, type ModelFile, OPERATION_CLASS } from "../model/mod.ts";

/** How kernels may be stored; `int8` in TensorFlow Lite alone. */
export type StoredType = NonNullable<SaveOptions["quantize"]> | "int8";

/** How {@link saveModel} writes a model. */
export interface SaveModelOptions extends Omit<SaveOptions, "quantize"> {
  /**
   * Type that kernels are stored in: `uint8`, `uint16` or `float16` in a tfjs layers or graph model, whose kernels are float32
   * again when it is read; `float16` in ONNX and `.keras`; `float16` or `int8` in TensorFlow Lite, which computes with integers and floats
   * then (dynamic range). Default: the type that they were read with where the format has it, otherwise float32.
   */
  quantize?: StoredType;
  /** What a folder holds: a layers model, or a graph of TensorFlow's operations. Default: a layers model. */
  format?: FolderFormat;
  /**
   * Images that go through a TensorFlow Lite file at once; null leaves it open, which LiteRT.js does not take. Default: 1.
   * All other formats leave it open.
   */
  batch?: number | null;
}

/** How a file is to be written. */
export type FileOptions = Pick<SaveModelOptions, "format" | "quantize" | "batch">;

/** A format that is one file. */
interface FileFormat {
  readonly write: (file: ModelFile, options: FileOptions) => Promise<Uint8Array>;
  /** What its kernels may be stored as beside float32. */
  readonly stores: readonly StoredType[];
  /** Whether it says how many images go through at once. */
  readonly fixesBatch?: boolean;
  /** What it is called as the format of a tail, where it has a place for operations that have no layer. */
  readonly frame?: FrameFormat;
}

/** Formats that are one file, by the ending of its name. */
const FILE_FORMATS: ReadonlyMap<string, FileFormat> = new Map<string, FileFormat>([
  [".keras", {
    write: (file, { quantize }) => writeKeras(file, halfOrWhole(file, quantize)),
    stores: ["float16"],
  }],
  [".onnx", {
    write: async (file, { quantize }) => {
      const { writeOnnx } = await import("./onnx/mod.ts");
      return writeOnnx(file, halfOrWhole(file, quantize));
    },
    stores: ["float16"],
    frame: "onnx",
  }],
  [".tflite", {
    write: async (file, { quantize, batch }) => {
      const { writeTflite } = await import("./tflite/mod.ts");
      const stored = storedAs(file, quantize);
      const kernels = stored === "int8" || stored === "float16" ? stored : "float32";
      return writeTflite(file, { kernels, batch });
    },
    stores: ["float16", "int8"],
    fixesBatch: true,
    frame: "tflite",
  }],
]);

/** What kernels are stored as: what is asked for, otherwise what they were read as. */
function storedAs({ quantized }: ModelFile, quantize?: StoredType): StoredType | undefined {
  return quantize ?? quantized;
}

/** What kernels are stored as where the format has float16 and float32. */
function halfOrWhole(file: ModelFile, quantize?: StoredType): "float16" | "float32" {
  return storedAs(file, quantize) === "float16" ? "float16" : "float32";
}

/** Operations that a message names; further ones are counted. */
const MOST_NAMED = 5;

/** What kernels of a tfjs layers model may be stored as beside float32. */
const FOLDER_STORES: readonly StoredType[] = ["uint8", "uint16", "float16"];

function formatOf(path: string): FileFormat | undefined {
  const ending = /\.\w+$/.exec(path)?.[0] ?? "";
  return FILE_FORMATS.get(ending.toLowerCase());
}

/** Endings of files that are not written. */
const FOREIGN_ENDINGS: readonly string[] = [
  ...[".bin", ".ckpt", ".h5", ".hdf5", ".json", ".pb", ".pt", ".pth", ".safetensors", ".zip"],
];

/** Refuses the name of a file that is not written: nobody means a folder by it. */
function refuseForeignEnding(path: string): void {
  const ending = extname(path).toLowerCase();
  if (!FOREIGN_ENDINGS.includes(ending)) return;
  const wanted = [...FILE_FORMATS.keys()].join(", ");
  throw new InputError(
    `writing ${path}: found the ending ${ending}, wanted ${wanted}, or a folder; choose another name`,
  );
}

/** Refuses what a format has no place for: a type of its kernels, a number of images at once. */
function requirePlace(path: string, { format: folder, quantize, batch }: FileOptions): void {
  const format = formatOf(path);
  const place = format ? `a ${extname(path)} file` : nameFolder(folder);
  if (format && folder !== undefined) {
    throw new UsageError([
      `writing ${path}: found `,
      option("format"),
      ` ${folder} for ${place}; leave `,
      option("format"),
      " out, or write to a folder",
    ]);
  }
  if (batch !== undefined && !format?.fixesBatch) {
    throw new UsageError([
      `writing ${path}: found `,
      option("batch"),
      ` for ${place}, which takes any number of images; leave `,
      option("batch"),
      " out, or write a .tflite file",
    ]);
  }
  const stores = format?.stores ?? FOLDER_STORES;
  if (quantize === undefined || quantize === "float32" || stores.includes(quantize)) return;
  throw new UsageError([
    `writing ${path}: found `,
    option("quantize"),
    ` ${quantize} for ${place}, wanted ${stores.join(" or ")}; choose one of these, or leave `,
    option("quantize"),
    " out",
  ]);
}

/** What a folder holds, for messages. */
function nameFolder(format: FileOptions["format"]): string {
  return format === "graph" ? "a tfjs graph model" : "a tfjs layers model";
}

/** Operations of a model that have no layer, for messages. */
function listSteps({ topology }: ModelFile): string[] {
  return topology.config.layers!
    .filter(({ class_name: className }) => className === OPERATION_CLASS)
    .map(({ name, config }) => `"${name}" (${config.operator})`);
}

/** What is kept behind the layers of a model, for messages. */
function listTail({ frame }: ModelFile): string[] {
  return frame?.tail?.nodes.map(({ name, operator }) => `"${name}" (${operator})`) ?? [];
}

/** What a model with a tail can be written to. */
const TAIL_PLACES: Readonly<Record<FrameFormat, Notice>> = {
  "graph-model": ["a graph model, to a folder with ", option("format"), " graph"],
  onnx: "an .onnx file",
  tflite: "a .tflite file",
};

/**
 * What a folder has to hold for a model.
 *
 * @param file The model.
 * @returns `graph` where the model has operations that have no layer; a tail of another format has no place in either.
 *
 * @example Find out what a folder has to hold
 * ```ts
 * import { folderFormatOf, openModel } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * assert.equal(folderFormatOf(await openModel("cli/example/resnet8-fashion-mnist")), "layers");
 * ```
 */
export function folderFormatOf(file: ModelFile): FolderFormat {
  const hasTail = frameIn(file, "graph-model")?.tail !== undefined;
  return hasTail || listSteps(file).length > 0 ? "graph" : "layers";
}

/**
 * Name of the files that can hold all of a model, with what is kept behind its layers.
 *
 * @param stem The name without an ending.
 * @param file The model.
 * @returns The name with the ending of its format; of a folder where that has any format.
 *
 * @example A model of layers goes into a folder
 * ```ts
 * import { nameOfFiles, openModel } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * assert.equal(nameOfFiles("small", await openModel("cli/example/resnet8-fashion-mnist")), "small");
 * ```
 */
export function nameOfFiles(stem: string, { frame }: ModelFile): string {
  const entry = frame?.tail &&
    FILE_FORMATS.entries().find(([, format]) => format.frame === frame.format);
  return `${stem}${entry?.[0] ?? ""}`;
}

/**
 * Refuses a model that a format cannot hold, before any work is spent: operations that have no layer have a place as steps of
 * their own in graph models and in some files, and as a tail behind the layers in the format that they came from alone.
 *
 * @param path Where {@link saveModel} is to write.
 * @param file The model, or one that is to be made smaller.
 * @param options What a folder is to hold.
 * @throws {InputError} When the format has no place for an operation of the model; the message names it.
 *
 * @example Find out before the work whether a model can be written
 * ```ts
 * import { openModel, refuseUnwritable } from "@secateur/secateur";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * refuseUnwritable("resnet8.keras", model);
 * ```
 */
export function refuseUnwritable(
  path: string,
  file: ModelFile,
  { format: folder }: Pick<FileOptions, "format"> = {},
): void {
  const format = formatOf(path);
  const place = format ? `a ${extname(path)} file` : nameFolder(folder);
  const frame = format?.frame ??
    (format === undefined && folder === "graph" ? "graph-model" : undefined);
  const tail = frame && frameIn(file, frame) ? [] : listTail(file);
  if (tail.length > 0) {
    throw new InputError([
      `writing ${path}: found operations behind the layers that are kept as they are, ${
        nameSome(tail)
      }, for ${place}, wanted the format that they came from; write `,
      ...partsOf(TAIL_PLACES[file.frame!.format]),
    ]);
  }
  const steps = frame ? [] : listSteps(file);
  if (steps.length === 0) return;
  throw new InputError([
    `writing ${path}: found operations that have no layer, ${nameSome(steps)}, for ${place}, ` +
    "wanted layers alone; write a graph model, to a folder with ",
    option("format"),
    " graph",
  ]);
}

function nameSome(operations: readonly string[]): string {
  const named = operations.slice(0, MOST_NAMED).join(", ");
  const rest = operations.length - MOST_NAMED;
  return rest > 0 ? `${named} and ${rest} more` : named;
}

/**
 * Writes a model into memory, in the format that {@link saveModel} would write.
 *
 * @param name Name of the file, or of the folder of a tfjs layers model.
 * @param file The model.
 * @param options What a folder is to hold, what kernels are stored as, images at once.
 * @returns The bytes of its files, by name.
 * @throws {InputError} When the format cannot hold a layer of the model.
 *
 * @example Convert a model in memory
 * ```ts
 * import { openModel, readModel, writeModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * const files = await writeModel("resnet8.keras", model);
 * assert.deepEqual([...files.keys()], ["resnet8.keras"]);
 * const again = await readModel("resnet8.keras", files);
 * assert.equal(again.weights.size, model.weights.size);
 * ```
 */
export async function writeModel(
  name: string,
  file: ModelFile,
  options: FileOptions = {},
): Promise<Map<string, Uint8Array>> {
  requirePlace(name, options);
  refuseUnwritable(name, file, options);
  const format = formatOf(name);
  if (format) return new Map([[name, await format.write(file, options)]]);
  return await encodeFolder(file, options);
}

/** The files of a folder, whose kernels {@link requirePlace} has looked at. */
async function encodeFolder(
  file: ModelFile,
  { format, quantize }: FileOptions,
): Promise<Map<string, Uint8Array>> {
  const stored = quantize as SaveOptions["quantize"];
  if (format !== "graph") return encodeModelFiles(file, stored);
  return (await import("./graph_model/mod.ts")).encodeGraphModel(file, stored);
}

/**
 * Refuses a place that a model must not be written to, before any work is spent.
 *
 * @param path Where {@link saveModel} is to write.
 * @param options Whether a model there may be replaced, what kernels are to be quantized to, images at once.
 * @throws {InputError} When something is there that may not be replaced, or nothing can be written there.
 * @throws {UsageError} When the format has no place for the quantization or the number of images.
 *
 * @example Find out before the work whether a model can be written
 * ```ts
 * import { openModel, refuseExistingModel, saveModel, UsageError } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/resnet8.onnx`;
 * await refuseExistingModel(path);
 * await assert.rejects(refuseExistingModel(path, { quantize: "uint8" }), UsageError);
 * await saveModel(path, await openModel("cli/example/resnet8-fashion-mnist"));
 * await assert.rejects(refuseExistingModel(path), /choose another or replace it/);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function refuseExistingModel(
  path: string,
  { force, ...options }: Pick<SaveModelOptions, "force" | keyof FileOptions> = {},
): Promise<void> {
  requirePlace(path, options);
  refuseForeignEnding(path);
  if (formatOf(path) === undefined) return await refuseExisting(path, force);
  await refuseExistingFile(path, force);
}

/**
 * Writes a model: to a `.keras`, `.onnx` or `.tflite` file where the name ends so, otherwise to a folder, as a tfjs layers model
 * or, with `format: "graph"`, as a tfjs graph model.
 * Whatever it is, it is written beside its place first.
 *
 * @param path The file or folder.
 * @param file The model.
 * @param options Replacement, quantization, further files (behind the name of a single file), interruption.
 * @returns Bytes of the model.
 * @throws {InputError} When {@link refuseExistingModel} refuses the place, the disk does, or the format cannot hold a
 * layer of the model.
 * @throws {UsageError} When it refuses the quantization or the number of images.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Convert a model to ONNX
 * ```ts
 * import { openModel, saveModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * const { bytes } = await saveModel(`${folder}/resnet8.onnx`, model);
 * assert.equal((await Deno.stat(`${folder}/resnet8.onnx`)).size, bytes);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveModel(
  path: string,
  file: ModelFile,
  options: SaveModelOptions = {},
): Promise<{ bytes: number }> {
  const { quantize, batch, ...rest } = options;
  requirePlace(path, options);
  refuseUnwritable(path, file, options);
  const format = formatOf(path);
  if (format === undefined) {
    const files = await encodeFolder(file, options);
    return await saveFolder(path, files, { verify: true, ...rest }, options.format ?? "layers");
  }
  const { signal } = options;
  await refuseExistingModel(path, options);
  const content = await format.write(file, { quantize, batch });
  const extraFiles = await resolveExtraFiles(rest, content.length);
  const stem = join(dirname(path), basename(path, extname(path)));
  const beside = [...extraFiles].map(([name, extra]) => [`${stem}.${name}`, extra] as const);
  await writeWholeFiles(new Map([[path, content], ...beside]), signal);
  return { bytes: content.length };
}
