import { InvalidArgumentError } from "@commander-js/extra-typings";

function numberOf(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("Wanted a number");
  return value;
}

/** Reads a whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError("Wanted a whole number of at least 1");
  }
  return value;
}

/** Reads a whole number of 32 bits, sign included. */
export function seedInteger(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value) || Math.abs(value) > 0x7fffffff) {
    throw new InvalidArgumentError("Wanted a whole number from -2147483647 to 2147483647");
  }
  return value;
}

/** Reads a number above 0 and at most 1. */
export function ratio(text: string): number {
  const value = numberOf(text);
  if (!(value > 0 && value <= 1)) {
    throw new InvalidArgumentError("Wanted a number above 0 and at most 1, as 0.5 for 50 %");
  }
  return value;
}

/** Reads a number from 0 to 1. */
export function share(text: string): number {
  const value = numberOf(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("Wanted a number from 0 to 1");
  return value;
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = numberOf(text);
  if (!(value > 0)) throw new InvalidArgumentError("Wanted a number above 0");
  return value;
}

/** Reads `true` or `false`. */
export function boolean(text: string): boolean {
  if (text !== "true" && text !== "false") throw new InvalidArgumentError("Wanted true or false");
  return text === "true";
}

/** Reads a part of a whole: `2/5` is the second of five. */
export function shard(text: string): { number: number; of: number } {
  const [number, of = NaN, ...rest] = text.split("/").map((part) =>
    /^\d+$/.test(part) ? +part : NaN
  );
  if (rest.length > 0 || !(number >= 1 && number <= of)) {
    throw new InvalidArgumentError("Wanted which of how many, as 2/5");
  }
  return { number, of };
}

/** Reads numbers with commas between. */
export function numberList(text: string): number[] {
  return text.split(",").map(numberOf);
}

/** Reads names with commas between. */
export function nameList(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** Reads a size: `32`, or rows and columns as `224x192`. */
export function imageSize(text: string): [number, number] {
  const extents = text.split(/[x×,]/).map(positiveInteger);
  if (extents.length > 2) throw new InvalidArgumentError("Wanted one number or two, as 224x192");
  const [height, width = height] = extents;
  return [height, width];
}

/** Reads a whole number of at least 0. */
export function nonNegativeInteger(text: string): number {
  const value = numberOf(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError("Wanted a whole number of at least 0");
  }
  return value;
}

/** Reads a number of at least 0. */
export function nonNegativeNumber(text: string): number {
  const value = numberOf(text);
  if (!(value >= 0)) throw new InvalidArgumentError("Wanted a number of at least 0");
  return value;
}
