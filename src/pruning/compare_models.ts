import * as tf from "@tensorflow/tfjs";
import { disposeModel, instantiate, type ModelFile } from "../model/mod.ts";

/** Random images on which the models are compared. */
const IMAGES = 32;

/** Largest difference that rounding explains, relative to the largest output. */
const TOLERANCE = 1e-4;

/**
 * Proves the surgery: the masked original and the shrunk model give the same outputs in stock TensorFlow.js.
 *
 * @param masked The original with new weights, zero where an input is cut.
 * @param shrunk The model without the channels.
 * @returns Largest difference between their outputs on random images, relative to the largest value of the same output (at least 1).
 * @throws {Error} When it is above 1e-4: the surgery is wrong.
 */
export async function compareModels(masked: ModelFile, shrunk: ModelFile): Promise<number> {
  const models = [await instantiate(masked), await instantiate(shrunk)];
  const difference = tf.tidy(() => {
    const shape = models[0].inputs[0].shape.slice(1) as number[];
    const images = tf.randomNormal([IMAGES, ...shape], 0, 1, "float32", 1);
    const [wanted, found] = models.map((model) => [model.predict(images)].flat());
    const differences = wanted.map((output, index) => {
      const scale = Math.max(1, largest(output));
      return largest(tf.sub(output, found[index])) / scale;
    });
    return Math.max(...differences);
  });
  models.forEach(disposeModel);
  if (!(difference <= TOLERANCE)) {
    throw new Error(
      `comparing the masked and the shrunk model: their outputs differ by ${difference}, ` +
        `wanted at most ${TOLERANCE}; this is a defect of Secateur`,
    );
  }
  return difference;
}

function largest(values: tf.Tensor): number {
  return tf.max(tf.abs(values)).arraySync() as number;
}
