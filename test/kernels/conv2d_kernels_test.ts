import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "../../src/kernels/load.ts";
import { registerKernels } from "../../src/kernels/register.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import { type ConvolutionCase, convolutionCases, randomTensors } from "./conv2d_shapes.ts";

/** Runs a function on the backend that serves as the reference. */
async function onCpu<T>(run: () => T): Promise<T> {
  await tf.setBackend("cpu");
  try {
    return run();
  } finally {
    await tf.setBackend("wasm");
  }
}

function randomValues(test: ConvolutionCase): Record<"x" | "filter" | "dy", Float32Array> {
  return tf.tidy(() => {
    const { x, filter, dy } = randomTensors(test);
    const read = (tensor: tf.Tensor) => tensor.dataSync<"float32">();
    return { x: read(x), filter: read(filter), dy: read(dy) };
  });
}

/** Output and gradients of Σ dy · conv2d(x, filter) as `tf.grads` has them. */
function outputAndGradients(test: ConvolutionCase): Float32Array[] {
  return tf.tidy(() => {
    const { x, filter, dy } = randomTensors(test);
    const convolveBoth = (a: tf.Tensor, b: tf.Tensor) =>
      tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, test.strides, test.pad);
    const [dx, dw] = tf.grads(convolveBoth)([x, filter], dy);
    return [convolveBoth(x, filter), dx, dw].map((tensor) => tensor.dataSync<"float32">());
  });
}

const plain = { strides: [1, 1], dilations: [1, 1], pad: "same" } as const;

testBothBuilds("tf.grads through tf.conv2d agrees with the cpu backend", async (kernels) => {
  registerKernels(kernels);
  const cases = [...convolutionCases()].filter(({ dilations }) => Math.max(...dilations) === 1);
  const expected = await onCpu(() => cases.map(outputAndGradients));
  cases.forEach((test, index) => {
    outputAndGradients(test).forEach((values, part) => {
      const difference = relativeDifference(values, expected[index][part]);
      assert.ok(difference < 1e-5, `${difference} in part ${part} of ${JSON.stringify(test)}`);
    });
  });
});

testBothBuilds("gradients match finite differences", (kernels) => {
  registerKernels(kernels);
  const cases: ConvolutionCase[] = [
    { input: [2, 5, 4, 3], filter: [3, 3, 3, 5], ...plain, strides: [1, 1], dilations: [1, 1] },
    { input: [2, 6, 7, 9], filter: [3, 3, 9, 8], ...plain, strides: [1, 1], dilations: [1, 1] },
    { input: [1, 6, 5, 2], filter: [3, 2, 2, 9], ...plain, strides: [2, 3], dilations: [1, 1] },
    { input: [2, 4, 4, 7], filter: [1, 1, 7, 8], strides: [2, 2], dilations: [1, 1], pad: "valid" },
  ];
  for (const test of cases) checkFiniteDifferences(test);
});

/** The convolution is linear in each argument, so that a central difference of any width is exact up to rounding. */
function checkFiniteDifferences(test: ConvolutionCase): void {
  const values = randomValues(test);
  const [, dx, dw] = outputAndGradients(test);
  const loss = (x: Float32Array, filter: Float32Array) =>
    tf.tidy(() => {
      const output = tf.conv2d(
        tf.tensor4d(x, test.input),
        tf.tensor4d(filter, test.filter),
        test.strides,
        test.pad,
      ).dataSync<"float32">();
      return output.reduce((sum, value, at) => sum + value * values.dy[at], 0);
    });
  const moved = (of: Float32Array, at: number, by: number) =>
    of.map((value, index) => index === at ? value + by : value);
  for (let at = 0; at < values.x.length; at += 7) {
    const slope = (loss(moved(values.x, at, 1), values.filter) -
      loss(moved(values.x, at, -1), values.filter)) / 2;
    assert.ok(Math.abs(slope - dx[at]) < 1e-4, `dx[${at}] ${dx[at]}, difference ${slope}`);
  }
  for (let at = 0; at < values.filter.length; at += 5) {
    const slope = (loss(values.x, moved(values.filter, at, 1)) -
      loss(values.x, moved(values.filter, at, -1))) / 2;
    assert.ok(Math.abs(slope - dw[at]) < 1e-4, `dw[${at}] ${dw[at]}, difference ${slope}`);
  }
}

/** One layer's worth of tf.fused.conv2d. */
function fused(activation: string, biasShape: number[] = [5], options: object = {}): Float32Array {
  return tf.tidy(() =>
    tf.fused.conv2d({
      x: tf.tensor4d(randomArray(2 * 6 * 6 * 3, 1), [2, 6, 6, 3]),
      filter: tf.tensor4d(randomArray(3 * 3 * 3 * 5, 2), [3, 3, 3, 5]),
      bias: tf.tensor(randomArray(tf.util.sizeFromShape(biasShape), 3), biasShape),
      strides: 1,
      pad: "same",
      activation: activation as "relu",
      ...options,
    }).dataSync<"float32">()
  );
}

testBothBuilds(
  "every activation of tf.fused.conv2d agrees with the cpu backend",
  async (kernels) => {
    registerKernels(kernels);
    const optionsOf = (activation: string) => {
      if (activation === "leakyrelu") return { leakyreluAlpha: 0.3 };
      return activation === "prelu"
        ? { preluActivationWeights: tf.tensor1d(randomArray(5, 4)) }
        : {};
    };
    for (const activation of ["linear", "relu", "relu6", "sigmoid", "leakyrelu", "prelu"]) {
      const run = () => tf.tidy(() => fused(activation, [5], optionsOf(activation)));
      const expected = await onCpu(run);
      assert.ok(relativeDifference(run(), expected) < 1e-5, activation);
    }
  },
);

testBothBuilds("what is not covered is left to the stock kernels", (kernels) => {
  registerKernels(kernels);
  assert.throws(() => fused("relu", [2, 6, 6, 5]), /only supports rank-1 bias/);
  const x = tf.zeros<tf.Rank.R4>([1, 3, 6, 6]), filter = tf.zeros<tf.Rank.R4>([3, 3, 3, 2]);
  assert.throws(() => tf.conv2d(x, filter, 1, "same", "NCHW"), /does not support dataFormat/);
  const dy = tf.zeros<tf.Rank.R4>([1, 2, 6, 6]);
  const wanted = { filterShape: [3, 3, 3, 2], strides: 1, pad: "same", dataFormat: "NCHW" };
  assert.throws(
    () => tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, wanted),
    /NCHW inputs of type float32 and float32, wanted NHWC and float32/,
  );
  tf.dispose([x, filter, dy]);
});

testBothBuilds("no images make empty outputs and a gradient of zeros", (kernels) => {
  registerKernels(kernels);
  tf.tidy(() => {
    const x = tf.zeros<tf.Rank.R4>([0, 4, 4, 3]), filter = tf.ones<tf.Rank.R4>([3, 3, 3, 2]);
    assert.deepEqual(tf.conv2d(x, filter, 1, "same").shape, [0, 4, 4, 2]);
    const wanted = { filterShape: [3, 3, 3, 2], strides: 1, pad: "same", dataFormat: "NHWC" };
    const dy = tf.zeros([0, 4, 4, 2]);
    const dw = tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, wanted) as tf.Tensor;
    assert.deepEqual([...dw.dataSync()], Array(54).fill(0));
  });
});

testBothBuilds("a training step leaves no tensor and no data behind", (kernels: Kernels) => {
  registerKernels(kernels);
  const filter = tf.variable(tf.tensor4d(randomArray(3 * 3 * 3 * 4, 1), [3, 3, 3, 4]));
  const x = tf.tensor4d(randomArray(2 * 8 * 8 * 3, 2), [2, 8, 8, 3]);
  const optimizer = tf.train.sgd(0.01);
  const step = () =>
    optimizer.minimize(() => tf.conv2d(x, filter as tf.Tensor4D, 2, "same").square().mean());
  step();
  const { numTensors, numDataBuffers } = tf.memory();
  for (let turn = 0; turn < 3; turn++) step();
  assert.equal(tf.memory().numTensors, numTensors);
  assert.equal(tf.memory().numDataBuffers, numDataBuffers);
  tf.dispose([filter, x]);
});
