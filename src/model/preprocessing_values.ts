import { InputError, option } from "../base/mod.ts";

/** Whether a value is a whole number of at least 1. */
export function isPositiveInteger(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

/**
 * Height and width of an input's images.
 *
 * @param fixed What the model says; null where it leaves them open.
 * @param wanted What metadata or options say.
 * @param path Where the input is, for messages.
 * @returns Both.
 * @throws {InputError} When they stay open or contradict each other.
 */
export function chooseInputSize(
  fixed: [number | null, number | null],
  wanted: unknown,
  path: string,
): [number, number] {
  const given = wanted === undefined ? [] : wanted;
  if (
    !Array.isArray(given) || (wanted !== undefined && given.length !== 2) ||
    !given.every(isPositiveInteger)
  ) {
    throw new InputError([
      `reading the input size of ${path}: found ${JSON.stringify(wanted)}, ` +
      `wanted [height, width]; mend preprocess.inputSize in the model, or give `,
      option("inputSize"),
    ]);
  }
  const [height, width] = fixed.map((extent, axis) => extent ?? given[axis]);
  if (height === undefined || width === undefined) {
    throw new InputError([
      `reading the input size of ${path}: the model leaves its height or width open; give both with `,
      option("inputSize"),
    ]);
  }
  if (given.length === 2 && (given[0] !== height || given[1] !== width)) {
    throw new InputError([
      `reading the input size of ${path}: found ${given.join("×")}, ` +
      `wanted ${height}×${width}, which the model's input fixes; leave `,
      option("inputSize"),
      " out",
    ]);
  }
  return [height, width];
}

/** Where a value comes from. */
export interface ValueSource {
  /** The model, and the input where it has several, for messages. */
  readonly place: string;
  /** Name of the input, where the model has several. */
  readonly input?: string;
}

/** The factor `scale`: a number other than 0. */
export function readFactor(value: unknown, { place, input }: ValueSource): number {
  if (typeof value === "number" && Number.isFinite(value) && value !== 0) return value;
  throw new InputError([
    `${place}: found scale ${JSON.stringify(value)}, wanted a number other than 0; give `,
    option("scale", input),
    " another number",
  ]);
}

/** Numbers per channel from one for each, or one for all; channels are divided by `std`, which has no 0. */
export function readPerChannel(
  name: "mean" | "std",
  value: unknown,
  channels: number,
  { place, input }: ValueSource,
): number[] {
  const isDivisor = name === "std";
  const given = Array.isArray(value) ? value : [value];
  const isUsable = (entry: unknown) => Number.isFinite(entry) && !(isDivisor && entry === 0);
  if (!given.every(isUsable) || (given.length !== channels && given.length !== 1)) {
    throw new InputError([
      `${place}: found ${name} ${JSON.stringify(value)}, wanted ${
        channels === 1 ? "" : `1 or `
      }${channels} ` +
      `finite number(s)${isDivisor ? " other than 0" : ""}; give `,
      option(name, input),
      " as many as the input has channels",
    ]);
  }
  return Array.from({ length: channels }, (_, channel) => given[given.length === 1 ? 0 : channel]);
}

/** A switch, off where it is not given. */
export function readSwitch(value: unknown = false, name: string, source: string): boolean {
  if (typeof value === "boolean") return value;
  throw new InputError(
    `${source}: found ${name} ${JSON.stringify(value)}, wanted true or false; mend it in the model`,
  );
}

/** Order of the colors; channels that are none stay in theirs. */
export function readChannelOrder(value: unknown, channels: number, source: string): "rgb" | "bgr" {
  if (value !== "rgb" && value !== "bgr") {
    throw new InputError(
      `${source}: found channelOrder ${
        JSON.stringify(value)
      }, wanted "rgb" or "bgr"; mend it in the model`,
    );
  }
  return channels === 3 ? value : "rgb";
}

/** Class names: different ones. */
export function readClasses(value: unknown, path: string): string[] {
  if (
    Array.isArray(value) && value.every((name) => typeof name === "string") &&
    new Set(value).size === value.length
  ) return [...value];
  throw new InputError(
    `reading ${path}: found userDefinedMetadata.classes ${JSON.stringify(value).slice(0, 80)}, ` +
      `wanted a list of different names; mend it in the model`,
  );
}
