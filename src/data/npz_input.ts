import { InputError } from "../base/mod.ts";
import { type InputPreparation, isImageShape, isPictureShape, valuesOf } from "../model/mod.ts";
import type { InputSource } from "./image_set.ts";
import type { NpyArray } from "./npy.ts";

/** What an input reads, and of how many rows. */
interface OpenedInput {
  readonly length: number;
  readonly source: InputSource;
}

/**
 * Makes an array what an input reads.
 *
 * @param array The array, a row for every image.
 * @param place Where it comes from, for messages.
 * @param input The input; absent where no network is known yet, and pictures are wanted.
 * @returns The rows.
 * @throws {InputError} When the array has another shape or type than the input can take.
 */
export function openInput(array: NpyArray, place: string, input?: InputPreparation): OpenedInput {
  return input && !isImageShape(input.shape)
    ? openRows(array, place, input)
    : openImages(array, place, input?.shape);
}

/** Rows that have the shape of the input. */
function openRows(
  array: NpyArray,
  place: string,
  { name, shape, isWhole = false, wordCount, transform }: InputPreparation,
): OpenedInput {
  const areBytes = array.type === "|u1";
  const takesWhole = isWhole && (isWholeType(array) || areBytes && transform === undefined);
  const [length, ...row] = array.shape;
  const found = row.length === 0 ? [1] : row;
  if (!(length > 0) || found.join() !== shape.join() || !(isReadable(array) || takesWhole)) {
    throw new InputError(
      `reading ${place}: found ${describe(array)}, wanted N×${shape.join("×")} for the input ` +
        `"${name}", ${
          isWhole ? "whole numbers, " : ""
        }floats or bytes (uint8); reshape or convert the array before saving it`,
    );
  }
  const isLookedUp = takesWhole || isWhole && isFloat(array) && transform === undefined;
  if (isLookedUp) requireWords(array, place, valuesOf(shape), wordCount);
  const source = takesWhole ? wholeSource(array, place, shape) : arraySource(array, place, shape);
  return { length, source };
}

/** Whole numbers, such as the words that an Embedding looks up, are what the network reads. */
function wholeSource(
  { values }: NpyArray,
  place: string,
  row: readonly number[],
): InputSource {
  const size = valuesOf(row);
  return {
    kind: "floats",
    shape: row,
    place,
    decode: (index: number) => {
      const numbers: ArrayLike<number | bigint> = values.subarray(index * size, (index + 1) * size);
      return { data: Float32Array.from(numbers as ArrayLike<number>, Number) };
    },
  };
}

function openImages(array: NpyArray, place: string, wanted?: readonly number[]): OpenedInput {
  const { shape, values } = array;
  const [length, height, width, channels = 1] = shape;
  if (shape.length < 3 || shape.length > 4 || shape.includes(0)) {
    throw new InputError(
      `reading ${place}: found an array of ${shape.join("×") || "one number"}, ` +
        `wanted images: N×height×width or N×height×width×channels; ` +
        "reshape the array before saving it",
    );
  }
  const found = [height, width, channels];
  if (isFloat(array)) {
    if (wanted) requireShape(found, wanted, place);
    return { length, source: arraySource(array, place, found) };
  }
  const takesPictures = wanted === undefined || isPictureShape(wanted);
  const fits = takesPictures ? [1, 3, 4].includes(channels) : channels === wanted[2];
  if (!isReadable(array) || !fits) {
    throw new InputError(
      `reading ${place}: found ${describe(array)}, wanted bytes (uint8) ` +
        `of ${
          takesPictures ? "1, 3 or 4" : wanted[2]
        } channels, or floats that the network reads as they are; ` +
        "convert the array before saving it",
    );
  }
  const size = valuesOf(found);
  const decode = (index: number) => {
    const data = (values as Uint8Array).subarray(index * size, (index + 1) * size);
    return { data, height, width, channels };
  };
  return { length, source: { kind: "picture", place, decode } };
}

function requireShape(found: readonly number[], wanted: readonly number[], place: string): void {
  if (found.join() === wanted.join()) return;
  throw new InputError(
    `reading ${place}: found floats of ${found.join("×")}, wanted ${wanted.join("×")}, which the ` +
      `network reads; bytes (uint8) would be resized`,
  );
}

/** What an Embedding looks up, or a network reads as whole numbers, is not rounded, and a word that it has not is none. */
function requireWords(
  { values }: NpyArray,
  place: string,
  size: number,
  wordCount = Infinity,
): void {
  for (let index = 0; index < values.length; index++) {
    const value = Number(values[index]);
    if (Number.isInteger(value) && (wordCount === Infinity || value >= 0 && value < wordCount)) {
      continue;
    }
    const wanted = wordCount === Infinity
      ? "a whole number"
      : `a whole number from 0 to ${wordCount - 1}, which the network's Embedding knows`;
    throw new InputError(
      `reading ${place}: found ${value} in row ${Math.floor(index / size)}, wanted ${wanted}; ` +
        "mend it, or leave the row out, before saving the array",
    );
  }
}

/** Numbers that are not finite would spread over everything that is computed of them. */
function requireFinite({ values }: NpyArray, place: string, size: number): void {
  const numbers = values as Float32Array | Float64Array;
  for (let index = 0; index < numbers.length; index++) {
    if (Number.isFinite(numbers[index])) continue;
    throw new InputError(
      `reading ${place}: found ${numbers[index]} in row ${
        Math.floor(index / size)
      }, wanted finite ` +
        "numbers; replace it, or leave the row out, before saving the array",
    );
  }
}

function arraySource(array: NpyArray, place: string, row: readonly number[]): InputSource {
  const values = array.values as Exclude<NpyArray["values"], BigInt64Array | BigUint64Array>;
  const size = valuesOf(row);
  if (isFloat(array)) requireFinite(array, place, size);
  return {
    kind: isFloat(array) ? "floats" : "bytes",
    shape: row,
    place,
    decode: (index: number) => ({ data: values.subarray(index * size, (index + 1) * size) }),
  };
}

function isFloat({ type }: NpyArray): boolean {
  return type === "<f4" || type === "<f8";
}

function isReadable(array: NpyArray): boolean {
  return array.type === "|u1" || isFloat(array);
}

/** Bytes are not among them: they can be prepared like those of pictures. */
function isWholeType({ type }: NpyArray): boolean {
  return /^(\|i1|<[iu][248])$/.test(type);
}

function describe({ shape, type }: NpyArray): string {
  return `${shape.join("×") || "one"} numbers of type ${type}`;
}
