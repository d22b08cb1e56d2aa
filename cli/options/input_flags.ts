import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { InputOverrides, PreprocessingOverrides } from "../../src/mod.ts";

/** A flag that may be given for all inputs of a model, and again for single ones. */
export interface InputFlag<Value> {
  /** For all inputs. */
  readonly all?: Value;
  /** By name of the input. */
  readonly inputs: ReadonlyMap<string, Value>;
}

/**
 * Makes a parser of a flag that may begin with the name of an input, as `depth=0.5`; it can be given again for another.
 *
 * @param parse Reads the value.
 * @returns Reads the value and adds it to those before.
 */
export function perInput<Value>(
  parse: (text: string) => Value,
): (text: string, before?: InputFlag<Value>) => InputFlag<Value> {
  return (text, { all, inputs } = { inputs: new Map() }) => {
    const end = text.lastIndexOf("=");
    const value = parse(text.slice(end + 1));
    return end < 0
      ? { all: value, inputs }
      : { all, inputs: new Map(inputs).set(text.slice(0, end), value) };
  };
}

/** Makes a parser of one of some words. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    throw new InvalidArgumentError(`Allowed choices are ${words.join(", ")}.`);
  };
}

/** Values of the flags about how data becomes what a network reads. */
export interface PreprocessingFlags {
  /** Name of a preset. */
  readonly preprocess?: InputFlag<string>;
  /** Factor of the bytes. */
  readonly scale?: InputFlag<number>;
  /** Mean per channel. */
  readonly mean?: InputFlag<number[]>;
  /** Standard deviation per channel. */
  readonly std?: InputFlag<number[]>;
  /** Height and width. */
  readonly inputSize?: InputFlag<[number, number]>;
  /** Class names in the order of the outputs. */
  readonly classes?: string[];
  /** Whether images are turned as their EXIF records say. */
  readonly exifOrientation?: boolean;
}

/** The library's overrides from these flags. */
export function overridesOf(flags: PreprocessingFlags): PreprocessingOverrides {
  const { preprocess: preset, scale, mean, std, inputSize } = flags;
  const inputs: Record<string, InputOverrides> = {};
  const common: InputOverrides = {};
  for (const [key, flag] of Object.entries({ preset, scale, mean, std, inputSize })) {
    if (flag === undefined) continue;
    Object.assign(common, flag.all !== undefined && { [key]: flag.all });
    for (const [name, value] of flag.inputs) inputs[name] = { ...inputs[name], [key]: value };
  }
  const { classes, exifOrientation } = flags;
  return {
    ...common,
    inputs,
    ...(classes && { classes }),
    ...(exifOrientation === false && { exifOrientation }),
  };
}
