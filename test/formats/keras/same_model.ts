import type * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { disposeModel, instantiate } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { largestDifference, randomImages } from "../../support/networks.ts";

async function outputsOf(file: ModelFile, images: tf.Tensor): Promise<tf.Tensor[]> {
  const model = await instantiate(file);
  const outputs = [model.predict(images)].flat();
  disposeModel(model);
  return outputs;
}

/** Two models of 8×8 color images have the same weights and outputs. */
export async function assertSame(file: ModelFile, again: ModelFile): Promise<void> {
  assert.deepEqual(
    new Map([...again.weights].sort()),
    new Map([...file.weights].sort()),
  );
  const images = randomImages(3);
  const [outputs, outputsAgain] = [await outputsOf(file, images), await outputsOf(again, images)];
  assert.equal(outputs.length, outputsAgain.length);
  outputs.forEach((output, index) => {
    assert.equal(largestDifference(output, outputsAgain[index]), 0);
  });
}
