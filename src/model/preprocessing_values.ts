import { InputError } from "../base/mod.ts";

/** Whether a value is a whole number of at least 1. */
export function isPositiveInteger(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}

/**
 * Height and width of an input's images.
 *
 * @param fixed What the model says; null where it leaves them open.
 * @param wanted What metadata or flags say.
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
    throw new InputError(
      `reading the input size of ${path}: found ${
        JSON.stringify(wanted)
      }, wanted [height, width]; ` +
        `mend preprocess.inputSize in the model, or give --input-size`,
    );
  }
  const [height, width] = fixed.map((extent, axis) => extent ?? given[axis]);
  if (height === undefined || width === undefined) {
    throw new InputError(
      `reading the input size of ${path}: the model leaves its height or width open; ` +
        `give both with --input-size`,
    );
  }
  if (given.length === 2 && (given[0] !== height || given[1] !== width)) {
    throw new InputError(
      `reading the input size of ${path}: found ${given.join("×")}, ` +
        `wanted ${height}×${width}, which the model's input fixes; leave --input-size out`,
    );
  }
  return [height, width];
}

/** A factor: a number other than 0. */
export function readFactor(value: unknown, source: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value !== 0) return value;
  throw new InputError(
    `${source}: found ${JSON.stringify(value)}, wanted a number other than 0; give another number`,
  );
}

/** Numbers per channel from one for each, or one for all. */
export function readPerChannel(
  value: unknown,
  channels: number,
  source: string,
  isDivisor = false,
): number[] {
  const given = Array.isArray(value) ? value : [value];
  const isUsable = (entry: unknown) => Number.isFinite(entry) && !(isDivisor && entry === 0);
  if (!given.every(isUsable) || (given.length !== channels && given.length !== 1)) {
    throw new InputError(
      `${source}: found ${JSON.stringify(value)}, wanted ${
        channels === 1 ? "" : `1 or `
      }${channels} ` +
        `finite number(s)${
          isDivisor ? " other than 0" : ""
        }; give as many as the input has channels`,
    );
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
