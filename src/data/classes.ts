import { InputError, type Notice, option } from "../base/mod.ts";
import type { OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";

/** Class names of an opened dataset, and the label each of its own classes becomes. */
export interface ClassOrder {
  /** Names, in label order. */
  classes: string[];
  /** New label of each own class. */
  labels: Int32Array;
  /** What is worth knowing about how they were matched. */
  notices: Notice[];
}

/** What is known of classes. */
export interface KnownClasses {
  /** Names in the dataset. */
  readonly own: readonly string[];
  /** Whether names alone order them; otherwise their numbers are stored. */
  readonly isOrderedByName?: boolean;
  /** Names of the model's outputs, when known. */
  readonly wanted?: readonly string[];
  /** Whether images are going to be classified; nothing is refused otherwise. */
  readonly isNeeded: boolean;
}

/**
 * Matches a dataset's classes with a model's.
 *
 * Where every class of the data is one of the model's, in any order, labels follow the model; upper and lower case, `_`,
 * `-` and blanks are the same where that leaves no doubt. The data may have fewer classes. Where no name is known to the
 * model, or it has no names, the dataset's order stays (alphabetical for a folder, as stored for binary formats).
 *
 * @param known What is known of both.
 * @param place The dataset, for messages.
 * @returns Names and labels.
 * @throws {InputError} When the model knows some folders of classes but not others: their order cannot be told.
 */
export function orderClasses(known: KnownClasses, place: string): ClassOrder {
  const { own, wanted, isOrderedByName, isNeeded } = known;
  const stay = (notices: Notice[]): ClassOrder => ({
    classes: [...own],
    labels: Int32Array.from(own, (_, index) => index),
    notices,
  });
  if (wanted === undefined) return stay(isOrderedByName ? noticeOfNumbers(own) : []);
  const places = own.map((name) => findName(name, own, wanted));
  if (places.every((place) => place >= 0)) {
    const labels = Int32Array.from(places);
    return { classes: [...wanted], labels, notices: describeMatch(own, wanted, labels) };
  }
  const strangers = own.filter((_, index) => places[index] < 0);
  const missing = wanted.filter((_, index) => !places.includes(index));
  const isUnknown = strangers.length === own.length && own.length === wanted.length;
  if (isNeeded && isOrderedByName && !isUnknown) {
    throw new InputError([
      `matching the classes of ${place} with the model's: found ${list(strangers)}, ` +
      `which the model does not know, and no folder for ${list(missing) || "one more"}, ` +
      `wanted folders called as the model's classes: ${
        list(wanted)
      }; rename the folders, or give ` +
      "the model's classes as the folders are called, in the order of its outputs, with ",
      option("classes"),
    ]);
  }
  const order = isOrderedByName ? "in the order of their names" : "as they are numbered";
  return stay(
    isNeeded
      ? [[
        `the classes of the data (${list(own)}) are not called as the model's (${list(wanted)}): ` +
        `they were taken ${order}; if that is wrong, rename them or give the model's classes with `,
        option("classes"),
      ]]
      : [],
  );
}

/** Where a name is among the model's; -1 where it is not, or nobody can tell. */
function findName(name: string, own: readonly string[], wanted: readonly string[]): number {
  const exact = wanted.indexOf(name);
  if (exact >= 0) return exact;
  const isSame = (other: string) => plainName(other) === plainName(name);
  const isClear = own.filter(isSame).length === 1 && wanted.filter(isSame).length === 1;
  return isClear ? wanted.findIndex(isSame) : -1;
}

function plainName(name: string): string {
  return name.normalize().toLowerCase().replace(/[\s_-]+/g, " ").trim();
}

function describeMatch(
  own: readonly string[],
  wanted: readonly string[],
  labels: Int32Array,
): string[] {
  if (own.length < wanted.length) {
    return [`the data has ${own.length} of the model's ${wanted.length} classes: ${list(own)}`];
  }
  const isSame = labels.every((label, index) => label === index);
  return isSame ? [] : [
    `classes were matched by name: the model has them in the order ${list(wanted)}, ` +
    `the data in the order ${list(own)}`,
  ];
}

/** In the order of names, 10 comes before 2, which is not what everybody expects. */
function noticeOfNumbers(own: readonly string[]): Notice[] {
  const isNumber = own.every((name) => /^\d+$/.test(name));
  const isInOrder = own.every((name, index) =>
    index === 0 || Number(own[index - 1]) < Number(name)
  );
  return !isNumber || isInOrder ? [] : [[
    `folders of classes are numbers and were taken in the order of their names: ${list(own)}; ` +
    "if the model has another order, give its classes with ",
    option("classes"),
  ]];
}

function list(names: readonly string[]): string {
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ", …" : "");
}

/**
 * Checks that a model has as many class names as outputs.
 *
 * @param classes The names, when known.
 * @param outputs Outputs of the network, when images are going to be classified.
 * @throws {InputError} When the numbers differ.
 */
export function checkModelClasses(classes?: readonly string[], outputs?: number): void {
  if (classes === undefined || outputs === undefined || classes.length === outputs) return;
  throw new InputError([
    `reading the model's classes: found ${classes.length} names (${list(classes)}), ` +
    `wanted ${outputs}, one for each output; mend labels.txt, metadata.json or the model's ` +
    "metadata, or give the classes with ",
    option("classes"),
  ]);
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
  throw new InputError([
    `matching the dataset with the model: found ${classes.length} classes in the ${format} (${
      list(classes)
    }), ` +
    `wanted ${outputs}, one per output of the model; `,
    option("labels"),
    " compares outputs instead",
  ]);
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
  const stranger = findStranger(source, classCount, why);
  if (stranger) throw new InputError(`reading ${stranger.found}; ${stranger.advice}`);
}

/** The first label beyond so many classes: where it is, what was wanted, and what to do; undefined where there is none. */
function findStranger(
  source: ImageSource | undefined,
  classCount: number,
  why: string,
): { found: string; advice: string } | undefined {
  const labels = source?.labels ?? new Int32Array(0);
  const index = labels.findIndex((label) => label >= classCount);
  if (index < 0) return undefined;
  const isFromOne = labels.every((label) => label >= 1 && label <= classCount);
  return {
    found: `${placeOfLabel(source!, index)}: found label ${labels[index]}, ` +
      `wanted 0 to ${classCount - 1}, ${why}`,
    advice: isFromOne ? "number the classes from 0" : "mend the label, or take the image out",
  };
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
  if (mayBeTargets && (outputs === undefined || classCount > outputs)) {
    return withoutLabels(opened, outputs);
  }
  const count = outputs ?? countLabels(train);
  const why = outputs === undefined
    ? "the labels of the train split"
    : "one per output of the model";
  for (const source of [train, test]) {
    if (source) checkLabels(source, count, why);
  }
  const found = Math.max(classCount, 1);
  const notices = found < count
    ? [`the labels of the data go up to ${found - 1}, the model has ${count} classes, from 0`]
    : [];
  return { ...opened, classCount: count, notices: [...opened.notices ?? [], ...notices] };
}

function withoutLabels(
  { classCount: _, train, test, ...opened }: OpenedFormat,
  outputs = Infinity,
): OpenedFormat {
  const leave = ({ labels: _, ...source }: ImageSource): ImageSource => source;
  const why = "one per output of the model";
  const stranger = findStranger(train, outputs, why) ?? findStranger(test, outputs, why);
  return {
    ...opened,
    ...(stranger && { whyNoClasses: `${stranger.found}; ${stranger.advice}` }),
    train: leave(train),
    ...(test && { test: leave(test) }),
  };
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
