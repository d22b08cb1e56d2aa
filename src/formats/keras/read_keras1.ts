import { InputError } from "../../base/mod.ts";
import type { JsonObject } from "./read_options.ts";

/** Classes of Keras 1 that Keras 2 renamed. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ["Convolution2D", "Conv2D"],
  ["AtrousConvolution2D", "Conv2D"],
  ["SeparableConvolution2D", "SeparableConv2D"],
]);

/** Options of Keras 1 that Keras 2 renamed and that mean the same. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ["nb_filter", "filters"],
  ["output_dim", "units"],
  ["subsample", "strides"],
  ["border_mode", "padding"],
  ["atrous_rate", "dilation_rate"],
  ["bias", "use_bias"],
  ["p", "rate"],
  ["sigma", "stddev"],
]);

const MERGES: ReadonlyMap<unknown, string> = new Map([
  ["sum", "Add"],
  ["mul", "Multiply"],
  ["ave", "Average"],
  ["max", "Maximum"],
  ["concat", "Concatenate"],
]);

/**
 * Brings a layer of Keras 1 to the form of Keras 2. The weights are the same, only `running_std` was renamed to what
 * it always held, the variance. How the weights were initialized and regularized is left out.
 *
 * @param className Its class in Keras 1.
 * @param config Its options.
 * @param place What is being read, for messages.
 * @returns Class and options in Keras 2.
 * @throws {InputError} When Keras 2 has no such layer, or stores its weights otherwise.
 * @see keras/legacy/interfaces.py of Keras 2.0
 */
export function translateKeras1(
  className: string,
  config: JsonObject,
  place: string,
): { className: string; config: JsonObject } {
  const where = `${place}: layer ${config.name} (${className}) of Keras 1`;
  const { mode } = config;
  if (className === "Merge") {
    const merge = MERGES.get(mode);
    if (!merge || Array.isArray(config.layers) && config.layers.length > 0) {
      throw unsupported(where, `mode ${JSON.stringify(mode)} or layers inside the merge`);
    }
    return { className: merge, config: { name: config.name, axis: config.concat_axis ?? -1 } };
  }
  if (className === "BatchNormalization" && mode !== undefined && mode !== 0) {
    throw unsupported(where, `mode ${JSON.stringify(mode)}`);
  }
  if (/1D$|^Deconvolution/.test(className)) throw unsupported(where, "weights in an older order");
  const renamed = Object.entries(config).map(([option, value]) => [
    OPTIONS.get(option) ?? option,
    value,
  ]);
  return {
    className: CLASSES.get(className) ?? className,
    config: { ...Object.fromEntries(renamed), ...translateShapes(className, config) },
  };
}

/** Kernels and paddings were one number for each axis, the order of axes was named after a backend. */
function translateShapes(className: string, config: JsonObject): JsonObject {
  const { nb_row, nb_col, dim_ordering, padding } = config;
  const isPadding = className === "ZeroPadding2D" && Array.isArray(padding);
  const sides = isPadding && padding.length === 4
    ? [padding.slice(0, 2), padding.slice(2)]
    : padding;
  return {
    ...(nb_row !== undefined && { kernel_size: [nb_row, nb_col] }),
    ...(dim_ordering === "th" && { data_format: "channels_first" }),
    ...(isPadding && { padding: sides }),
  };
}

function unsupported(where: string, found: string): InputError {
  return new InputError(
    `${where}: found ${found}, wanted a layer that later versions still have; ` +
      `load it in Keras 2 and save it again`,
  );
}
