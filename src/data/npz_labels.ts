import { InputError } from "../base/mod.ts";
import type { NpyArray } from "./npy.ts";

/** Class labels read from an array. */
export interface ArrayLabels {
  /** Class of every row. */
  readonly values: Int32Array;
  /** How many classes there are. */
  readonly classCount: number;
  /** Whether the largest label alone says so. */
  readonly isCounted: boolean;
  /** Whether they are stored as floats, and may be numbers to be predicted. */
  readonly isFloat: boolean;
}

/** Why an array holds something else than classes, such as numbers to be predicted. */
export interface NoLabels {
  /** What was found where, and what classes would be. */
  readonly whyNot: string;
}

/** More classes than any data set has: a larger label is a number of another kind. */
const MOST_CLASSES = 100_000;

/**
 * Reads class labels: whole numbers, N or N×1, or one-hot rows, N×K. Whole numbers that are stored as floats may be
 * labels too.
 *
 * @param array The array.
 * @param count How many labels are wanted.
 * @param place Where it comes from, for messages.
 * @returns The labels, or why the array holds something else than classes.
 * @throws {InputError} When there are more or fewer rows, or a whole number is no label.
 */
export function readLabels(
  array: NpyArray,
  count: number,
  place: string,
): ArrayLabels | NoLabels {
  const [rows = 1, width = 1] = array.shape;
  if (rows !== count) {
    throw new InputError(
      `reading ${place}: found ${rows} rows, wanted ${count}, one per image; ` +
        `save as many labels as images`,
    );
  }
  if (array.shape.length > 2) {
    const whyNot = `${place}: found ${array.shape.join("×")} numbers, wanted one a row, or a ` +
      "single 1 among zeros; save the numbers of the classes if these are classes";
    return { whyNot };
  }
  if (width > 1) return readOneHot(array, place);
  return array.type.includes("f") ? readFloats(array, place) : readNumbers(array, place);
}

function readNumbers({ values }: NpyArray, place: string): ArrayLabels {
  const labels = Float64Array.from(values as ArrayLike<number | bigint>, Number);
  const stranger = labels.findIndex((label) => !isLabel(label));
  if (stranger >= 0) {
    throw new InputError(
      `reading ${place}: found label ${labels[stranger]} in row ${stranger}, ` +
        `wanted 0 to ${MOST_CLASSES - 1}; number the classes from 0`,
    );
  }
  return countClasses(labels, false);
}

function readFloats({ values }: NpyArray, place: string): ArrayLabels | NoLabels {
  const labels = Float64Array.from(values as ArrayLike<number>);
  const stranger = labels.findIndex((label) => !isLabel(label));
  return stranger < 0 ? countClasses(labels, true) : {
    whyNot: `${place}, row ${stranger}: found ${labels[stranger]}, wanted a whole number from 0; ` +
      "mend it if it is a label",
  };
}

function isLabel(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < MOST_CLASSES;
}

function countClasses(labels: Float64Array, isFloat: boolean): ArrayLabels {
  const classCount = 1 + labels.reduce((largest, label) => Math.max(largest, label), 0);
  return { values: Int32Array.from(labels), classCount, isCounted: true, isFloat };
}

function readOneHot({ values, shape }: NpyArray, place: string): ArrayLabels | NoLabels {
  const [rows, width] = shape;
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let ones = 0;
    for (let column = 0; column < width; column++) {
      const value = Number(values[row * width + column]);
      if (value === 1) labels[row] = column;
      if (value !== 0) ones += value === 1 ? 1 : 2;
    }
    if (ones !== 1) {
      const found = values.subarray(row * width, row * width + Math.min(width, 5)).join(", ");
      const more = width > 5 ? ", …" : "";
      return {
        whyNot: `${place}, row ${row}: found ${found}${more}, wanted a single 1 among ` +
          "zeros; save the numbers of the classes if these are scores of classes",
      };
    }
  }
  return { values: labels, classCount: width, isCounted: false, isFloat: false };
}
