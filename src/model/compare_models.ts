import * as tf from "@tensorflow/tfjs";
import { disposeModel, instantiate } from "./instantiate.ts";
import type { ModelFile } from "./model_file.ts";

/** Random inputs on which models are compared. */
const INPUTS = 32;

/** Extent of an axis that a model leaves open. */
const OPEN_EXTENT = 64;

/** Largest difference that rounding explains, relative to the largest output. */
const TOLERANCE = 1e-4;

/**
 * Proves that a model which was rebuilt still computes the same, in stock TensorFlow.js.
 *
 * @param wanted The model before.
 * @param found The model after.
 * @param activity What was done, for the message.
 * @returns Largest difference between their outputs on random inputs, relative to the largest value of the same output (at least 1).
 * @throws {Error} When it is above 1e-4: the rebuilding is wrong.
 */
export async function compareModels(
  wanted: ModelFile,
  found: ModelFile,
  activity: string,
): Promise<number> {
  const [before, after] = [await predictRandom(wanted), await predictRandom(found)];
  const differences = before.map((output, index) =>
    tf.tidy(() => relativeDifference(output, after[index]))
  );
  tf.dispose([...before, ...after]);
  const difference = Math.max(...differences);
  if (!(difference <= TOLERANCE)) {
    throw new Error(
      `${activity}: the outputs of the model before and after differ by ${difference}, ` +
        `wanted at most ${TOLERANCE}; this is a defect of Secateur`,
    );
  }
  return difference;
}

/** A model's outputs on inputs that are the same for models of the same inputs. */
async function predictRandom(file: ModelFile): Promise<tf.Tensor[]> {
  const model = await instantiate(file);
  const outputs = tf.tidy(() => {
    const inputs = model.inputs.map(({ shape: [, ...extents] }, index) => {
      const shape = extents.map((extent) => extent ?? OPEN_EXTENT);
      return tf.randomNormal([INPUTS, ...shape], 0, 1, "float32", 1 + index);
    });
    return [model.predict(inputs)].flat();
  });
  disposeModel(model);
  return outputs;
}

function relativeDifference(wanted: tf.Tensor, found: tf.Tensor): number {
  const scale = Math.max(1, tf.max(tf.abs(wanted)).arraySync() as number);
  return tf.max(tf.abs(tf.sub(wanted, found))).arraySync() as number / scale;
}
