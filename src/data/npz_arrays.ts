import { InputError, isZip, readZip, type ZipEntry } from "../base/mod.ts";
import type { InputPreparation } from "../model/mod.ts";
import type { FileTree } from "./file_tree.ts";
import { isFile } from "./format.ts";
import { type NpyArray, readNpy } from "./npy.ts";

/** The arrays of an .npz file that a network reads. */
export interface ArrayFile {
  /** Path of the file. */
  readonly path: string;
  /** Arrays by name. */
  readonly arrays: ReadonlyMap<string, NpyArray>;
}

/** Names of the arrays of a split. */
export interface SplitArrays {
  /** An array for every input. */
  readonly inputs: readonly string[];
  /** The array of labels, which may be absent. */
  readonly labels: string;
}

/** Names of the arrays of a data set. */
export interface ArrayLayout {
  /** Those for training. */
  readonly train: SplitArrays;
  /** Those for the final figures, when they are apart. */
  readonly test?: SplitArrays;
}

/** Largest array: what a typed array can surely hold. */
const LARGEST_ARRAY = 2 ** 31;

/** Pictures shrink to a fiftieth at best, labels in order to almost nothing. */
const MAX_INFLATION = 200;
const SMALL_ARRAY = 64 * 2 ** 20;

const LABELS = "y";

/** Ending of every array in an archive. */
const ENDING = ".npy";

/**
 * Reads the arrays of an archive that a network reads, and no others.
 *
 * @param path The file.
 * @param tree What it is a file of.
 * @param inputs The network's inputs; absent where none is known yet.
 * @returns The arrays; undefined when there is no such file, or it is no archive.
 * @throws {InputError} When it is damaged, lacks an array or declares more than its bytes can hold.
 */
export async function readArrayFile(
  path: string,
  tree: FileTree,
  inputs?: readonly InputPreparation[],
): Promise<ArrayFile | undefined> {
  if (!await isFile(tree, path)) return undefined;
  const bytes = await tree.read(path);
  if (!isZip(bytes)) return undefined;
  const file = { bytes, path, kind: ".npz file" };
  const names = new Set<string>();
  const strangers: string[] = [];
  readZip(file, ({ name }) => {
    if (name.endsWith(ENDING)) names.add(name.slice(0, -ENDING.length));
    else strangers.push(name);
    return false;
  });
  if (names.size === 0 && strangers.length > 0) throw noArrays(path, strangers);
  const { train, test } = layoutOf(names, path, inputs);
  const splits = test ? [train, test] : [train];
  const wanted = new Set(splits.flatMap(arraysOf).map((name) => `${name}${ENDING}`));
  const files = readZip(file, (entry) => {
    if (!wanted.has(entry.name)) return false;
    requireSize(entry, path);
    return true;
  });
  const arrays = [...files].map(([name, content]) =>
    [name.slice(0, -ENDING.length), readNpy(content, `${path}, ${name}`)] as const
  );
  return { path, arrays: new Map(arrays) };
}

function noArrays(path: string, found: readonly string[]): InputError {
  const names = found.slice(0, 3).join(", ") + (found.length > 3 ? ", …" : "");
  return new InputError(
    `opening ${path}: found a zip archive without arrays (${names}), wanted an .npz file; ` +
      "unpack it and give the folder, if it has images",
  );
}

/**
 * Finds out how the arrays of an archive are named: the first way of which there is an array for an input.
 *
 * @param found What has the names that are there.
 * @param path The file, for messages.
 * @param inputs The network's inputs; absent where none is known yet.
 * @returns The names; those of inputs are all there.
 * @throws {InputError} When an input lacks its array.
 */
export function layoutOf(
  found: { has(name: string): boolean; keys(): Iterable<string> },
  path: string,
  inputs: readonly InputPreparation[] = [],
): ArrayLayout {
  const names = inputs.length > 1 ? inputs.map(({ name }) => name) : ["x"];
  if (names.includes(LABELS)) {
    throw new InputError(
      `opening ${path}: found an input "${LABELS}" of the model, wanted another name for it: ` +
        `the array ${LABELS} holds the labels; rename the input where the model is made`,
    );
  }
  const [apart, together] = [
    { train: namesOf(names, "_train"), test: namesOf(names, "_test") },
    { train: namesOf(names, "") },
  ];
  const isThere = (name: string) => found.has(name);
  const layout = [apart, together].find(({ train }) => train.inputs.some(isThere));
  const all = [[apart.train, apart.test], [together.train]].map((splits) =>
    splits.flatMap(arraysOf).join(", ")
  ).join(" or ");
  const place = `opening ${path}: found the arrays ${
    [...found.keys()].slice(0, 8).join(", ") || "none"
  }`;
  if (layout === undefined) {
    throw new InputError(
      `${place}, wanted ${all}; save the arrays with numpy.savez() under these names`,
    );
  }
  const hasTest = layout === apart && apart.test.inputs.some(isThere);
  const wanted = hasTest ? [...apart.train.inputs, ...apart.test.inputs] : layout.train.inputs;
  const missing = wanted.filter((name) => !isThere(name));
  if (missing.length === 0) return hasTest ? apart : { train: layout.train };
  throw new InputError(
    `${place} but not ${missing.join(", ")}, wanted one for every input of the model: ${all}; ` +
      "add what is missing with numpy.savez()",
  );
}

function namesOf(inputs: readonly string[], suffix: string): SplitArrays {
  return { inputs: inputs.map((name) => `${name}${suffix}`), labels: `${LABELS}${suffix}` };
}

function arraysOf({ inputs, labels }: SplitArrays): string[] {
  return [...inputs, labels];
}

function requireSize({ name, size, originalSize }: ZipEntry, path: string): void {
  const isTrue = originalSize <= Math.max(SMALL_ARRAY, size * MAX_INFLATION);
  if (isTrue && originalSize <= LARGEST_ARRAY) return;
  throw new InputError(
    `reading ${path}: found ${name} of ${originalSize} bytes in ${size}, wanted at most ` +
      `${LARGEST_ARRAY} and, above ${SMALL_ARRAY}, ${MAX_INFLATION} times as many; ` +
      `do not use this file`,
  );
}
