import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { registerKernels } from "../../src/kernels/register.ts";
import { testBothBuilds } from "./both_builds.ts";

testBothBuilds(
  "slopes of every shape that broadcasts are those of rows, columns and channels",
  (kernels) => {
    registerKernels(kernels);
    const x = tf.randomNormal([2, 3, 4, 5], 0, 1, "float32", 1);
    const shapes = [
      ...[[1, 1, 5], [3, 1, 5], [1, 4, 5], [3, 4, 1], [3, 1, 1], [1, 4, 1], [1, 1, 1], [3, 4, 5]],
      ...[[5], [1], [4, 1], [1, 3, 1, 5]],
    ];
    for (const shape of shapes) {
      const tensors = tf.memory().numTensors;
      const slopes = tf.randomNormal(shape, 0, 1, "float32", 2);
      const [found, wanted] = tf.tidy(() => {
        const positive = tf.relu(x);
        const made = tf.add(positive, tf.mul(slopes, tf.sub(x, positive)));
        return [tf.prelu(x, slopes).dataSync(), made.dataSync()];
      });
      assert.deepEqual(found, wanted, shape.join(" × "));
      slopes.dispose();
      assert.equal(tf.memory().numTensors, tensors);
    }
    x.dispose();
  },
);
