import { InputError } from "../base/mod.ts";
import type { OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";

/** Class names of an opened dataset, and the label each of its own classes becomes. */
export interface ClassOrder {
  /** Names, in label order. */
  classes: string[];
  /** New label of each own class. */
  labels: Int32Array;
}

/**
 * Matches a dataset's classes with a model's.
 *
 * The same names in any order: labels follow the model. Other names, or none known to the model: the dataset's order
 * stays (alphabetical for a folder, as stored for binary formats).
 *
 * @param own Names in the dataset.
 * @param wanted Names of the model's outputs, when known.
 * @returns Names and labels.
 */
export function orderClasses(own: string[], wanted?: readonly string[]): ClassOrder {
  const position = new Map(wanted?.map((name, index) => [name, index]));
  const same = position.size === own.length && own.every((name) => position.has(name));
  return same
    ? { classes: [...wanted!], labels: Int32Array.from(own, (name) => position.get(name)!) }
    : { classes: [...own], labels: Int32Array.from(own, (_, index) => index) };
}

/**
 * Checks that a dataset has one class per output of the network.
 *
 * @param dataset The dataset.
 * @param outputs Outputs of the network.
 * @throws {InputError} When the numbers differ.
 */
export function checkClasses(
  { format, classes }: { format: string; classes: readonly string[] },
  outputs: number,
): void {
  if (classes.length === outputs) return;
  const names = classes.slice(0, 5).join(", ") + (classes.length > 5 ? ", …" : "");
  throw new InputError(
    `matching the dataset with the model: found ${classes.length} classes in the ${format} (${names}), ` +
      `wanted ${outputs}, one per output of the model; --no-labels compares outputs instead`,
  );
}

/**
 * Checks that every label is one of so many classes.
 *
 * @param source Labeled images.
 * @param classCount How many classes there are.
 * @param why What says so.
 * @throws {InputError} When a label is beyond; the message names its file and the image.
 */
export function checkLabels(source: ImageSource, classCount: number, why: string): void {
  const { labels = new Int32Array(0) } = source;
  const stranger = labels.findIndex((label) => label >= classCount);
  if (stranger < 0) return;
  throw new InputError(
    `reading ${placeOfLabel(source, stranger)}: found label ${labels[stranger]}, ` +
      `wanted 0 to ${classCount - 1}, ${why}; mend the label, or take the image out`,
  );
}

/**
 * How many classes labels speak of, by the largest one.
 *
 * @param source Labeled images.
 * @returns Their number.
 */
export function countLabels({ labels = new Int32Array(0) }: ImageSource): number {
  return 1 + labels.reduce((largest, label) => Math.max(largest, label), 0);
}

/**
 * Settles how many classes there are where the largest label alone says so: as many as the network has outputs, if that is
 * known, and otherwise as the train split has. Whole numbers stored as floats are labels when they fit the network.
 *
 * @param opened What a format found.
 * @param outputs Outputs of the network, one per class.
 * @returns The same, without labels where they are none.
 * @throws {InputError} When a label is beyond.
 */
export function settleClassCount(opened: OpenedFormat, outputs?: number): OpenedFormat {
  const { isCounted, mayBeTargets, classCount = 0, train, test } = opened;
  if (!isCounted) return opened;
  if (mayBeTargets && (outputs === undefined || classCount > outputs)) return withoutLabels(opened);
  const count = outputs ?? countLabels(train);
  const why = outputs === undefined
    ? "the labels of the train split"
    : "one per output of the model";
  for (const source of [train, test]) {
    if (source) checkLabels(source, count, why);
  }
  return { ...opened, classCount: count };
}

function withoutLabels({ classCount: _, train, test, ...opened }: OpenedFormat): OpenedFormat {
  const leave = ({ labels: _, ...source }: ImageSource): ImageSource => source;
  return { ...opened, train: leave(train), ...(test && { test: leave(test) }) };
}

/**
 * Checks that a network can learn every class: labels that say themselves how many classes there are leave no gap.
 *
 * @param opened What a format found.
 * @throws {InputError} When a class between the smallest and the largest label has no training image.
 */
export function checkGaps({ train, classCount = 0, isCounted }: OpenedFormat): void {
  if (!isCounted || !train.labels) return;
  const present = new Set(train.labels);
  const first = Math.min(...present);
  let missing = first;
  while (present.has(missing)) missing++;
  if (missing >= classCount) return;
  const beyond = Math.min(...[...present].filter((label) => label > missing));
  const image = train.labels.indexOf(beyond);
  throw new InputError(
    `reading ${placeOfLabel(train, image)}: found label ${beyond} but no image of label ` +
      `${beyond - 1}, wanted labels without a gap; mend the label, or number the classes anew`,
  );
}

function placeOfLabel(source: ImageSource, index: number): string {
  return source.describeLabel?.(index) ?? source.describe(index);
}
