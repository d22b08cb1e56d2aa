import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import { randomArray } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

/** Σ over rows of groups × rows × channels, in f64. */
function naiveRowSums(x: Float32Array, [groups, rows, channels]: number[]): Float64Array {
  const sums = new Float64Array(groups * channels);
  x.forEach((value, at) => {
    const group = Math.floor(at / (rows * channels));
    sums[group * channels + at % channels] += value;
  });
  return sums;
}

function assertClose(found: ArrayLike<number>, wanted: ArrayLike<number>, scale: number): void {
  assert.equal(found.length, wanted.length);
  Array.from(wanted).forEach((value, at) => {
    const difference = Math.abs(found[at] - value);
    assert.ok(difference <= 1e-6 * scale, `sum ${at}: ${found[at]} is not ${value}`);
  });
}

testBothBuilds("rows add up and are averaged, whatever their number and width", (kernels) => {
  registerKernels(kernels);
  for (const rows of [1, 2, 63, 64, 65, 200]) {
    for (const channels of [1, 3, 4, 5, 16, 17, 35]) {
      for (const groups of [1, 3]) {
        const shape: [number, number, number] = [groups, rows, channels];
        const values = randomArray(groups * rows * channels, rows + channels);
        const wanted = naiveRowSums(values, shape);
        tf.tidy(() => {
          const x = tf.tensor3d(values, shape);
          assertClose(tf.sum(x, 1).dataSync(), wanted, rows);
          assertClose(tf.mean(x, 1).dataSync(), wanted.map((sum) => sum / rows), 1);
        });
      }
    }
  }
});

testBothBuilds("sums over any axes have the shape and the values of stock ones", (kernels) => {
  registerKernels(kernels);
  const before = tf.memory().numTensors;
  const values = randomArray(2 * 3 * 4 * 5, 1);
  const at = (n: number, y: number, x: number, c: number) => values[((n * 3 + y) * 4 + x) * 5 + c];
  for (const axes of [[0], [1], [1, 2], [2, 1], [0, 1, 2], [-3, -2], [0, 2], [3], [2, 3]]) {
    const summed = axes.map((axis) => (axis + 4) % 4);
    const shape = [2, 3, 4, 5].map((extent, axis) => summed.includes(axis) ? 1 : extent);
    const wanted = new Float64Array(shape.reduce((product, extent) => product * extent, 1));
    for (let n = 0; n < 2; n++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++) {
          for (let c = 0; c < 5; c++) {
            const place = [n, y, x, c].map((index, axis) => index % shape[axis]);
            wanted[place.reduce((sum, index, axis) => sum * shape[axis] + index, 0)] += at(
              n,
              y,
              x,
              c,
            );
          }
        }
      }
    }
    tf.tidy(() => {
      const x = tf.tensor4d(values, [2, 3, 4, 5]);
      const kept = tf.sum(x, axes, true);
      assert.deepEqual(kept.shape, shape);
      assertClose(kept.dataSync(), wanted, 24);
      const dropped = tf.mean(x, axes);
      assert.deepEqual(dropped.shape, shape.filter((_, axis) => !summed.includes(axis)));
      assertClose(dropped.dataSync(), wanted.map((sum) => sum * wanted.length / 120), 1);
    });
  }
  tf.tidy(() => {
    const integers = tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32").sum(0);
    assert.deepEqual([integers.dtype, ...integers.dataSync()], ["int32", 4, 6]);
    assert.equal(tf.sum(tf.zeros([0, 3]), 0).shape[0], 3);
  });
  assert.equal(tf.memory().numTensors, before);
});
