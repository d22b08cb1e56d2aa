import { basename, dirname, extname, join } from "node:path";
import { writeKeras } from "../keras/mod.ts";
import {
  type ModelFile,
  refuseExisting,
  refuseExistingFile,
  resolveExtraFiles,
  saveModelFile,
  type SaveOptions,
  writeWholeFile,
} from "../model/mod.ts";

/** Writers of formats that are one file, by the ending of its name. */
const WRITERS: ReadonlyMap<string, (file: ModelFile) => Promise<Uint8Array>> = new Map([
  [".keras", writeKeras],
  [".onnx", async (file: ModelFile) => (await import("../onnx/mod.ts")).writeOnnx(file)],
]);

function writerOf(path: string) {
  return WRITERS.get(extname(path).toLowerCase());
}

/**
 * Refuses a place that a model must not be written to, before any work is spent.
 *
 * @param path Where {@link saveModel} is to write.
 * @param force Whether a model there may be replaced.
 * @throws {InputError} When something is there that may not be replaced, or nothing can be written there.
 */
export async function refuseExistingModel(path: string, force = false): Promise<void> {
  if (writerOf(path)) await refuseExistingFile(path, force);
  else await refuseExisting(path, force);
}

/**
 * Writes a model: to a `.keras` or `.onnx` file where the name ends so, otherwise as a tfjs layers model to a folder.
 * Whatever it is, it is written beside its place first.
 *
 * @param path The file or folder.
 * @param file The model.
 * @param options Replacement, further files (behind the name of a single file), interruption.
 * @returns Bytes of the model.
 * @throws {InputError} When {@link refuseExistingModel} refuses the place, the disk does, or the format cannot hold a
 * layer of the model.
 * @throws The signal's reason, when it interrupts.
 */
export async function saveModel(
  path: string,
  file: ModelFile,
  options: SaveOptions = {},
): Promise<{ bytes: number }> {
  const write = writerOf(path);
  if (write === undefined) return await saveModelFile(path, file, options);
  const { force, signal } = options;
  const content = await write(file);
  const extraFiles = await resolveExtraFiles(options, content.length);
  await refuseExistingFile(path, force);
  await writeWholeFile(path, content, signal);
  const stem = join(dirname(path), basename(path, extname(path)));
  for (const [name, extra] of extraFiles) await writeWholeFile(`${stem}.${name}`, extra, signal);
  return { bytes: content.length };
}
