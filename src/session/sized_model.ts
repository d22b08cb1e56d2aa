import { InputError, ownValue } from "../base/mod.ts";
import { type DatasetPlace, findImageSize } from "../data/mod.ts";
import { findInputs, isJsonObject, type ModelFile } from "../model/mod.ts";
import type { DataOptions } from "./options.ts";
import { type InputSizes, resolveModel } from "./resolve_model.ts";

/** An input with all its extents. */
export interface SizedInput {
  /** Name of the input. */
  readonly name: string;
  /** Its shape without the batch, such as height × width × channels. */
  readonly shape: readonly number[];
}

/** What multiply–accumulates are counted for, in a model that leaves sizes of its inputs open. */
export interface CountedFor {
  /** All its inputs, in order. */
  readonly inputs: readonly SizedInput[];
  /** Where the open sizes come from: the caller, `preprocess.inputSize` in the model's metadata, the data, or nowhere. */
  readonly source: "given" | "metadata" | "data" | "assumed";
}

/** A model, and what the sizes are that it leaves open. */
export interface SizedModel {
  /** The model, its sizes fixed where they are known. */
  readonly file: ModelFile;
  /** The same as it was read. */
  readonly original: ModelFile;
  /** Whether some are not known. */
  readonly isOpen: boolean;
  /** What it is counted for; absent where it fixes its sizes itself, or some are not known. */
  readonly countedFor?: CountedFor;
}

/**
 * Reads a model and fixes the input sizes that it leaves open: by what is given, otherwise by what its metadata say.
 *
 * @param model A model, or its path.
 * @param sizes Height and width in pixels of all inputs, and of single ones by name.
 * @returns The model.
 * @throws {InputError} When it cannot be read, or a size is not one that it can have.
 */
export async function resolveSizedModel(
  model: string | ModelFile,
  sizes: InputSizes = {},
): Promise<SizedModel> {
  const original = await resolveModel(model);
  const given = await resolveModel(original, sizes);
  if (isSized(given)) return sizedAs("given", given, original);
  const stored = await resolveModel(given, { inputs: storedSizes(given) });
  return isSized(stored)
    ? sizedAs("metadata", stored, original)
    : { file: stored, original, isOpen: true };
}

/**
 * Fixes the sizes that are still open.
 *
 * @param file A model with open sizes.
 * @param size Height and width of all of them.
 * @param source Where they come from.
 * @returns The model.
 */
export async function fixOpenSizes(
  file: ModelFile,
  size: readonly [height: number, width: number],
  source: CountedFor["source"],
): Promise<SizedModel> {
  const [height, width] = size;
  const inputs = findInputs(file.topology).map(({ name }) =>
    [name, { inputSize: [height, width] as [number, number] }] as const
  );
  const fixed = await resolveModel(file, { inputs: Object.fromEntries(inputs) });
  return isSized(fixed) ? sizedAs(source, fixed, file) : { file, original: file, isOpen: true };
}

/**
 * Fixes the sizes that are still open by the images of a data set.
 *
 * @param file A model with open sizes.
 * @param data The data set.
 * @returns The model, open still where its images differ in size or do not fit.
 * @throws {InputError} When the data set is missing, of no known format or damaged.
 */
export async function fixSizesByData(file: ModelFile, data: DatasetPlace): Promise<SizedModel> {
  const size = await findImageSize(data);
  if (size === undefined) return { file, original: file, isOpen: true };
  try {
    return await fixOpenSizes(file, size, "data");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { file, original: file, isOpen: true };
  }
}

/**
 * The size of a data set's images, where a model leaves its own open and neither its metadata nor the caller say one.
 *
 * @param file The model.
 * @param options The data, and what is said beside the model.
 * @returns Height and width in pixels; undefined where there is no need of it, or the images differ in size.
 * @throws {InputError} When a size cannot be used, or the data set is missing, of no known format or damaged.
 */
export async function sizeFromData(
  file: ModelFile,
  { data, preprocessing }: Pick<DataOptions, "data" | "preprocessing">,
): Promise<[height: number, width: number] | undefined> {
  if (isSized(file) || preprocessing?.inputSize) return undefined;
  const { file: sized, isOpen } = await resolveSizedModel(file, preprocessing);
  if (!isOpen) return undefined;
  const { countedFor } = await fixSizesByData(sized, data);
  const shape = countedFor?.inputs.map(({ shape }) => shape).find(({ length }) => length === 3);
  return shape && [shape[0], shape[1]];
}

/**
 * What a model is counted for that has been given its sizes.
 *
 * @param file The model with fixed sizes.
 * @param original The same as it was read.
 * @returns The sizes of its inputs, where it left some open.
 */
export function sizesGiven(
  file: ModelFile,
  original: ModelFile,
): readonly SizedInput[] | undefined {
  return isSized(original) || !isSized(file) ? undefined : inputsOf(file);
}

function sizedAs(source: CountedFor["source"], file: ModelFile, original: ModelFile): SizedModel {
  const sized = { file, original, isOpen: false };
  return isSized(original) ? sized : { ...sized, countedFor: { inputs: inputsOf(file), source } };
}

/** A shape that the topology does not state is none that could be fixed. */
function isSized({ topology }: ModelFile): boolean {
  return findInputs(topology).every(({ shape = [] }) => !shape.slice(1).includes(null));
}

function inputsOf({ topology }: ModelFile): SizedInput[] {
  return findInputs(topology).map(({ name, shape = [] }) => ({
    name,
    shape: shape.slice(1) as number[],
  }));
}

/** Sizes in a model's metadata: of its one input, or of several by their names. */
function storedSizes({ topology, metadata }: ModelFile): NonNullable<InputSizes["inputs"]> {
  const preprocess = metadata?.preprocess;
  if (!isJsonObject(preprocess)) return {};
  const names = findInputs(topology).map(({ name }) => name);
  const records = isJsonObject(preprocess.inputs) ? preprocess.inputs : {};
  const sizes = names.flatMap((name) => {
    const record = names.length === 1 ? preprocess : ownValue(records, name);
    const size = isJsonObject(record) ? record.inputSize : undefined;
    const isSize = Array.isArray(size) && size.length === 2 &&
      size.every((extent) => Number.isInteger(extent) && extent > 0);
    return isSize ? [[name, { inputSize: size as [number, number] }] as const] : [];
  });
  return Object.fromEntries(sizes);
}
