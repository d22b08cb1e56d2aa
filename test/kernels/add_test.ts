import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import { randomArray } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

testBothBuilds("tensors of equal shape are added exactly, whatever their size", (kernels) => {
  registerKernels(kernels);
  for (let size = 0; size <= 70; size++) {
    const [a, b] = [randomArray(size, size + 1), randomArray(size, size + 2)];
    const found = tf.tidy(() => tf.add(tf.tensor1d(a), tf.tensor1d(b)).dataSync());
    assert.deepEqual([...found], [...a.map((value, index) => value + b[index])]);
  }
});

testBothBuilds(
  "a tensor is added to itself, and others broadcast and keep their type",
  (kernels) => {
    registerKernels(kernels);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor2d([[1, 2], [3, NaN]]);
      assert.deepEqual([...x.add(x).dataSync()], [2, 4, 6, NaN]);
      assert.deepEqual([...x.dataSync()], [1, 2, 3, NaN]);
      assert.deepEqual([...x.add(tf.tensor1d([10, 20])).dataSync()], [11, 22, 13, NaN]);
      const integers = tf.tensor1d([1, 2], "int32").add(tf.tensor1d([3, 4], "int32"));
      assert.deepEqual([integers.dtype, ...integers.dataSync()], ["int32", 4, 6]);
    });
    assert.equal(tf.memory().numTensors, before);
  },
);

testBothBuilds("a row is added exactly to every row, whatever its length", (kernels) => {
  registerKernels(kernels);
  for (let channels = 0; channels <= 9; channels++) {
    const [a, row] = [randomArray(3 * channels, channels + 1), randomArray(channels, channels + 2)];
    const found = tf.tidy(() => tf.add(tf.tensor2d(a, [3, channels]), tf.tensor1d(row)).dataSync());
    const wanted = a.map((value, index) => value + row[index % channels]);
    assert.deepEqual([...found], [...wanted]);
  }
});
