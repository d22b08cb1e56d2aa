import * as tf from "@tensorflow/tfjs";
import { lendZeros } from "../kernels/mod.ts";
import type { LayersTopology, Weight } from "./model_file.ts";

/** Numbers that layers may have beyond those of the file: TensorFlow.js says itself which of a few do not fit. */
const SLACK = 2 ** 20;

/** What TensorFlow.js calls on a layer for each of its weights, and for nothing else. */
interface WeightMaker {
  readonly name: string;
  addWeight(
    name: string,
    shape: number[],
    dtype?: tf.DataType,
    initializer?: { readonly apply: typeof lendZeros },
    ...rest: unknown[]
  ): unknown;
  setFastWeightInitDuringBuild(value: boolean): void;
}

type Config = Parameters<typeof tf.models.modelFromJSON>[0];

/**
 * Builds a model whose weights are zeros, and ends before a layer makes what the weights that are meant for it cannot
 * fill: shapes that a file claims cost no memory and no time.
 *
 * @param topology Graph of the model.
 * @param weights The weights that it is going to get.
 * @returns The model.
 * @throws {Error} When layers have far more numbers than the weights, or TensorFlow.js cannot build them.
 */
export function buildWithinWeights(
  topology: LayersTopology,
  weights: Iterable<Weight>,
): Promise<tf.LayersModel> {
  let there = 0;
  for (const { values } of weights) there += values.length;
  let made = 0;
  const layers = tf.layers.Layer.prototype as unknown as WeightMaker;
  const { addWeight } = layers;
  layers.addWeight = function (name, shape, dtype, _initializer, ...rest) {
    made += shape.reduce((product, extent) => product * extent, 1);
    // Sizes that are not numbers are refused too.
    if (!(made <= there + SLACK)) {
      const numbers = `${made} numbers with those of the layers before it`;
      throw new Error(
        `found layer "${this.name}" with a ${name} of [${shape.join(", ")}], which makes ` +
          `${numbers}, wanted no more than the ${there} numbers of the weights that are there`,
      );
    }
    this.setFastWeightInitDuringBuild(false);
    return addWeight.call(this, name, shape, dtype, { apply: lendZeros }, ...rest);
  };
  try {
    // Layers are built before this call returns.
    return tf.models.modelFromJSON({ modelTopology: topology } as unknown as Config);
  } finally {
    layers.addWeight = addWeight;
  }
}
