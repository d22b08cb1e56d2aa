import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import { randomArray } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import { onCpu } from "./on_cpu.ts";

interface PoolingCase {
  kind: "maxPool" | "avgPool";
  channels: number;
  window: [number, number];
  strides: [number, number];
  pad: "same" | "valid";
  /** Added to values of −1 … 1. */
  offset: number;
}

/** Poolings over windows of positive, mixed and negative values, except where tfjs-wasm itself cannot run forwards. */
function* poolingCases(): Generator<PoolingCase> {
  let turn = 0;
  for (const kind of ["maxPool", "avgPool"] as const) {
    for (const window of [[1, 1], [2, 2], [3, 3], [2, 3], [5, 4]] as [number, number][]) {
      for (const strides of [[1, 1], [2, 2], [1, 3]] as [number, number][]) {
        for (const pad of ["same", "valid"] as const) {
          for (const offset of [2, 0, -2]) {
            const skipsInputs = window.some((taps, axis) => taps < strides[axis]);
            if (pad === "same" && skipsInputs) continue;
            yield { kind, channels: 1 + turn++ % 9, window, strides, pad, offset };
          }
        }
      }
    }
  }
}

function gradientOf({ kind, channels, window, strides, pad, offset }: PoolingCase): Float32Array {
  return tf.tidy(() => {
    const shape: [number, number, number, number] = [2, 7, 6, channels];
    const values = randomArray(tf.util.sizeFromShape(shape), 1).map((value) => value + offset);
    const pool = (x: tf.Tensor) => tf[kind](x as tf.Tensor4D, window, strides, pad);
    const x = tf.tensor4d(values, shape);
    const outputShape = pool(x).shape;
    const dy = tf.tensor(randomArray(tf.util.sizeFromShape(outputShape), 2), outputShape);
    return tf.grad(pool)(x, dy).dataSync<"float32">();
  });
}

testBothBuilds("gradients of pooling agree with the cpu backend", async (kernels) => {
  registerKernels(kernels);
  const cases = [...poolingCases()];
  const expected = await onCpu(() => cases.map(gradientOf));
  cases.forEach((test, index) => {
    const label = JSON.stringify(test);
    gradientOf(test).forEach((value, at) => {
      assert.ok(Math.abs(value - expected[index][at]) < 1e-5, `${at} of ${label}`);
    });
  });
});

testBothBuilds("of equal values the first takes the gradient of max pooling", (kernels) => {
  registerKernels(kernels);
  tf.tidy(() => {
    const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid");
    const x = tf.zeros([1, 4, 4, 1]);
    const gradient = tf.grad(pool)(x, tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]));
    const expected = [1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0];
    assert.deepEqual([...gradient.dataSync()], expected);
  });
});
