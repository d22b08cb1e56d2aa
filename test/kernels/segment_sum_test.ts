import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import { onCpu } from "./on_cpu.ts";

/** Sums over 7 segments, some of them empty, of rows of every length; three ids lie outside. */
function sumsOfSegments(): Float32Array[] {
  const ids = [3, 0, -1, 6, 3, 3, 7, 1, 0, 900];
  return tf.tidy(() => {
    const sums: Float32Array[] = [];
    for (const shape of [[], [1], [3], [4], [5], [2, 3], [17]]) {
      const length = tf.util.sizeFromShape(shape);
      const values = tf.tensor(randomArray(10 * length, length).map((value) => 100 * value), [
        10,
        ...shape,
      ]);
      for (const dtype of ["float32", "int32"] as const) {
        const result = tf.unsortedSegmentSum(values.cast(dtype), tf.tensor1d(ids, "int32"), 7);
        assert.deepEqual(result.shape, [7, ...shape]);
        sums.push(result.dataSync<"float32">());
      }
    }
    return sums;
  });
}

testBothBuilds("sums of segments agree with the cpu backend", async (kernels) => {
  registerKernels(kernels);
  const expected = await onCpu(sumsOfSegments);
  sumsOfSegments().forEach((sums, index) => {
    assert.ok(relativeDifference(sums, expected[index]) < 1e-6, `case ${index}`);
  });
});

testBothBuilds("the gradient of tf.gather counts how often a row was taken", (kernels) => {
  registerKernels(kernels);
  tf.tidy(() => {
    const table = tf.tensor2d(randomArray(12, 1), [4, 3]);
    const ids = tf.tensor1d([2, 0, 2, 2], "int32");
    const gradient = tf.grad((x) => tf.gather(x, ids))(table);
    assert.deepEqual(gradient.arraySync(), [[1, 1, 1], [0, 0, 0], [3, 3, 3], [0, 0, 0]]);
  });
});
