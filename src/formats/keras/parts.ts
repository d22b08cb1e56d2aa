import type { LayerConfig, LayerJson, Weight } from "../../model/mod.ts";
import type { WeightRole } from "./layer_classes.ts";

/** Numbers that a small file may claim to need in weights that it does not hold. */
export const MOST_MADE_UP = 2 ** 24;

/** Options of a 1×1 convolution that training leaves as it is. */
export const FROZEN_1X1: LayerConfig = {
  trainable: false,
  kernel_size: [1, 1],
  strides: [1, 1],
  padding: "valid",
  data_format: "channels_last",
  dilation_rate: [1, 1],
  activation: "linear",
};

/** What a part reads: an input of the call, or what a part before it makes. */
export type PartSource = { readonly input: number } | { readonly part: number };

/** A layer of TensorFlow.js that, with others, does what one layer of Keras does. */
export interface Part {
  /** Class and options; the options have the name. */
  readonly json: LayerJson;
  /** What it reads. The first part reads all inputs of the call unless stated, any other the part before it. */
  readonly reads?: readonly PartSource[];
}

/** A layer of Keras as layers of TensorFlow.js. */
export interface TranslatedLayer {
  /** The layers, each behind those that it reads; the last one makes what others read. */
  readonly parts: readonly Part[];
  /** The weights that the file has, in its order, where they are not those of the first part. */
  readonly roles?: readonly WeightRole[];
  /** Makes the weights of the parts of those that the file has, where they are not the same. */
  readonly convert?: (stored: readonly Weight[]) => Weight[];
}

/** A layer that stands behind others: what it reads is counted from the first of them, and `value` is what they are given. */
export interface Step {
  readonly className: string;
  readonly config: LayerConfig;
  /** Default: the step before, or the value. */
  readonly reads?: readonly (number | "value")[];
}

/**
 * A layer of TensorFlow.js.
 *
 * @param className Its class.
 * @param name Its name.
 * @param config Its other options.
 * @returns Class and options.
 */
export function describeLayer(className: string, name: string, config: LayerConfig): LayerJson {
  return { class_name: className, config: { name, trainable: true, dtype: "float32", ...config } };
}

/**
 * Steps as parts.
 *
 * @param steps The steps.
 * @param name What they are named after; the last one gets the name itself where it stands alone.
 * @param first The layer that makes the value, if one of the same name does; otherwise it is an input of the call.
 * @returns The layer and the steps behind it.
 */
export function partsOf(steps: readonly Step[], name: string, first?: LayerJson): Part[] {
  const offset = first ? 1 : 0;
  const resolve = (source: number | "value"): PartSource => {
    if (source !== "value") return { part: source + offset };
    return first ? { part: 0 } : { input: 0 };
  };
  const parts = steps.map(({ className, config, reads }, index): Part => {
    const isNamesake = !first && index === 0;
    const ownName = isNamesake ? name : `${name}_${className.toLowerCase()}${index + offset}`;
    const given = reads ?? [index === 0 ? "value" : index - 1];
    return { json: describeLayer(className, ownName, config), reads: given.map(resolve) };
  });
  return first ? [{ json: first }, ...parts] : parts;
}

/**
 * Takes a translation as what follows on others.
 *
 * @param ahead The parts ahead, of which the last one makes the value.
 * @param parts Parts that read one input.
 * @returns All of them.
 */
export function joinParts(ahead: readonly Part[], parts: readonly Part[]): Part[] {
  const shift = ahead.length;
  const moved = parts.map(({ json, reads }, index): Part => {
    if (!reads) return { json, reads: [{ part: shift + index - 1 }] };
    return {
      json,
      reads: reads.map((source) => ({ part: "input" in source ? shift - 1 : source.part + shift })),
    };
  });
  return [...ahead, ...moved];
}

/** The name that a model's other layers read a translation under. */
export function outputName({ parts }: TranslatedLayer): string {
  return String(parts.at(-1)!.json.config.name);
}
