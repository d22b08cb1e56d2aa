import { basename, dirname, extname, join } from "node:path";
import { option, refuseExistingFile, UsageError, writeWholeFiles } from "../base/mod.ts";
import { writeKeras } from "./keras/mod.ts";
import {
  encodeModelFiles,
  refuseExisting,
  resolveExtraFiles,
  saveModelFile,
  type SaveOptions,
} from "./tfjs/save.ts";
import type { ModelFile } from "../model/mod.ts";

/** Writers of formats that are one file, by the ending of its name. */
const WRITERS: ReadonlyMap<string, (file: ModelFile) => Promise<Uint8Array>> = new Map([
  [".keras", writeKeras],
  [".onnx", async (file: ModelFile) => (await import("./onnx/mod.ts")).writeOnnx(file)],
]);

function writerOf(path: string) {
  const ending = /\.\w+$/.exec(path)?.[0] ?? "";
  return WRITERS.get(ending.toLowerCase());
}

/**
 * Writes a model into memory, in the format that {@link saveModel} would write.
 *
 * @param name Name of the file, or of the folder of a tfjs layers model.
 * @param file The model.
 * @returns The bytes of its files, by name.
 * @throws {InputError} When the format cannot hold a layer of the model.
 *
 * @example Convert a model in memory
 * ```ts
 * import { openModel, readModel, writeModel } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const model = await openModel("cli/example/resnet8-fashion-mnist");
 * const files = await writeModel("resnet8.keras", model);
 * assert.deepEqual([...files.keys()], ["resnet8.keras"]);
 * const again = await readModel("resnet8.keras", files);
 * assert.equal(again.weights.size, model.weights.size);
 * ```
 */
export async function writeModel(name: string, file: ModelFile): Promise<Map<string, Uint8Array>> {
  const write = writerOf(name);
  return write ? new Map([[name, await write(file)]]) : encodeModelFiles(file);
}

/**
 * Refuses a place that a model must not be written to, before any work is spent.
 *
 * @param path Where {@link saveModel} is to write.
 * @param options Whether a model there may be replaced, and what kernels are to be quantized to.
 * @throws {InputError} When something is there that may not be replaced, or nothing can be written there.
 * @throws {UsageError} When kernels are to be quantized in a format that has no place for it.
 *
 * @example Find out before the work whether a model can be written
 * ```ts
 * import { openModel, refuseExistingModel, saveModel, UsageError } from "@secateur/secateur";
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
  { force, quantize }: Pick<SaveOptions, "force" | "quantize"> = {},
): Promise<void> {
  if (writerOf(path) === undefined) return await refuseExisting(path, force);
  if (quantize !== undefined) {
    throw new UsageError([
      `writing ${path}: found `,
      option("quantize"),
      ` ${quantize} for a ${extname(path)} file, whose weights are float32; leave `,
      option("quantize"),
      " out, or write a tfjs layers model to a folder",
    ]);
  }
  await refuseExistingFile(path, force);
}

/**
 * Writes a model: to a `.keras` or `.onnx` file where the name ends so, otherwise as a tfjs layers model to a folder.
 * Whatever it is, it is written beside its place first.
 *
 * @param path The file or folder.
 * @param file The model.
 * @param options Replacement, quantization, further files (behind the name of a single file), interruption.
 * @returns Bytes of the model.
 * @throws {InputError} When {@link refuseExistingModel} refuses the place, the disk does, or the format cannot hold a
 * layer of the model.
 * @throws {UsageError} When it refuses the quantization.
 * @throws The signal's reason, when it interrupts.
 *
 * @example Convert a model to ONNX
 * ```ts
 * import { openModel, saveModel } from "@secateur/secateur";
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
  options: SaveOptions = {},
): Promise<{ bytes: number }> {
  const write = writerOf(path);
  if (write === undefined) return await saveModelFile(path, file, { verify: true, ...options });
  const { signal } = options;
  await refuseExistingModel(path, options);
  const content = await write(file);
  const extraFiles = await resolveExtraFiles(options, content.length);
  const stem = join(dirname(path), basename(path, extname(path)));
  const beside = [...extraFiles].map(([name, extra]) => [`${stem}.${name}`, extra] as const);
  await writeWholeFiles(new Map([[path, content], ...beside]), signal);
  return { bytes: content.length };
}
