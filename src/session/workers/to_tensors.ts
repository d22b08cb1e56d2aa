import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../../data/mod.ts";
import type { InputPreparation } from "../../model/mod.ts";

/**
 * A batch as tensors, one for every input.
 *
 * @param batch Values as they were read.
 * @param inputs The network's inputs.
 * @returns The tensors; the caller disposes them.
 */
export function toTensors(
  { inputs: values, size }: Batch,
  inputs: readonly InputPreparation[],
): tf.Tensor[] {
  return inputs.map(({ shape }, index) => tf.tensor(values[index], [size, ...shape]));
}
