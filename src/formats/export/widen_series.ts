import type { LayerConfig, Weight } from "../../model/mod.ts";
import type { LayerCall } from "./layer_call.ts";

/** Layers of series, and what they are where series are maps of one column. */
const CLASSES: ReadonlyMap<string, string> = new Map([
  ["AveragePooling1D", "AveragePooling2D"],
  ["Conv1D", "Conv2D"],
  ["GlobalAveragePooling1D", "GlobalAveragePooling2D"],
  ["GlobalMaxPooling1D", "GlobalMaxPooling2D"],
  ["MaxPooling1D", "MaxPooling2D"],
]);

/** Options that count along series, for which the one column has 1. */
const LENGTHS = ["dilation_rate", "kernel_size", "pool_size", "strides"];

/**
 * A layer of series as the layer of maps that computes the same of P × 1 × C as it does of P × C.
 *
 * @param call The layer.
 * @returns The layer of maps, marked as one of series; any other layer as it is.
 */
export function widenSeries(call: LayerCall): LayerCall {
  const className = CLASSES.get(call.className);
  if (className === undefined) return call;
  const config: LayerConfig = { ...call.config };
  for (const option of LENGTHS) {
    const value = config[option] ?? undefined;
    if (value !== undefined) config[option] = [[value].flat()[0], 1];
  }
  if (className.endsWith("Pooling2D") && !className.startsWith("Global")) {
    config.pool_size ??= [2, 1];
  }
  const weights = new Map([...call.weights].map(([role, weight]) => [role, widenKernel(weight)]));
  return { ...call, className, config, weights, isSeries: true };
}

/** L × I × O as L × 1 × I × O; a bias as it is. */
function widenKernel(weight: Weight): Weight {
  if (weight.shape.length !== 3) return weight;
  const [length, ...channels] = weight.shape;
  return { ...weight, shape: [length, 1, ...channels] };
}
