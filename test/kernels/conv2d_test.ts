import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { convolutionFilterGradient } from "../../src/kernels/conv2d_backprop_filter.ts";
import { convolutionInputGradient } from "../../src/kernels/conv2d_backprop_input.ts";
import { convolve } from "../../src/kernels/conv2d.ts";
import { naiveConvolution, naiveFilterGradient, naiveInputGradient } from "../reference/conv2d.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import { convolutionCases, largeCases, randomTensors, shapeOf } from "./conv2d_shapes.ts";

const TOLERANCE = 2e-6;

/** The other methods have tests of their own in winograd_test.ts. */
const method = "direct";

function assertClose(actual: tf.Tensor, expected: ArrayLike<number>, label: object): void {
  const difference = relativeDifference(actual.dataSync(), expected);
  assert.ok(difference < TOLERANCE, `${difference} in ${JSON.stringify(label)}`);
}

testBothBuilds("a convolution and its gradients equal their naive twins", (kernels) => {
  for (const test of [...convolutionCases(), ...largeCases()]) {
    const shape = shapeOf(test);
    tf.tidy(() => {
      const { x, filter, dy } = randomTensors(test);
      const [xs, ws, dys] = [x, filter, dy].map((tensor) => tensor.dataSync());
      assertClose(
        convolve(kernels, { x, filter }, shape, { method }),
        naiveConvolution(xs, ws, shape),
        test,
      );
      assertClose(
        convolutionFilterGradient(kernels, x, dy, shape, method),
        naiveFilterGradient(xs, dys, shape),
        { filterGradient: test },
      );
      if (test.dilations.some((dilation) => dilation > 1)) return;
      assertClose(
        convolutionInputGradient(kernels, { dy, filter, method }, shape),
        naiveInputGradient(dys, ws, shape),
        { inputGradient: test },
      );
    });
  }
});

testBothBuilds("bias and activation follow the sums", (kernels) => {
  for (const outputs of [1, 8, 13]) {
    const test = {
      input: [2, 5, 5, 4],
      filter: [3, 3, 4, outputs],
      strides: [1, 1],
      dilations: [1, 1],
      pad: "same",
    } as const;
    const shape = shapeOf({ ...test, input: [...test.input], filter: [...test.filter] } as never);
    tf.tidy(() => {
      const { x, filter } = randomTensors(test as never);
      const bias = tf.tensor1d(randomArray(outputs, 4));
      const sums = naiveConvolution(x.mul(4).dataSync(), filter.dataSync(), shape);
      const biases = bias.dataSync();
      const before = Array.from(sums, (sum, at) => sum + biases[at % outputs]);
      const inputs = { x: x.mul(4), filter, bias };
      const bounded = { linear: [-Infinity, Infinity], relu: [0, Infinity], relu6: [0, 6] };
      for (const activation of ["linear", "relu", "relu6"] as const) {
        const [low, high] = bounded[activation];
        const expected = before.map((value) => Math.min(Math.max(value, low), high));
        assertClose(convolve(kernels, inputs, shape, { activation, method }), expected, {
          activation,
        });
      }
    });
  }
});

testBothBuilds(
  "a NaN in the input reaches the outputs that see it, through every activation",
  (kernels) => {
    const test = { input: [1, 4, 4, 1], filter: [3, 3, 1, 2], strides: [1, 1], dilations: [1, 1] };
    const shape = shapeOf({ ...test, pad: "same" } as never);
    for (const activation of ["linear", "relu", "relu6"] as const) {
      tf.tidy(() => {
        const values = new Float32Array(16);
        values[0] = NaN;
        const inputs = {
          x: tf.tensor4d(values, [1, 4, 4, 1]),
          filter: tf.ones<tf.Rank.R4>([3, 3, 1, 2]),
        };
        const nans = [...convolve(kernels, inputs, shape, { activation, method }).dataSync()]
          .filter(
            Number.isNaN,
          );
        assert.equal(nans.length, 8);
      });
    }
  },
);

testBothBuilds("every result is one new tensor and no scratch stays behind", (kernels) => {
  const [test] = largeCases();
  const shape = shapeOf(test);
  const { x, filter, dy } = randomTensors(test);
  const run = () => [
    convolve(kernels, { x, filter }, shape, { method }),
    convolutionInputGradient(kernels, { dy, filter, method }, shape),
    convolutionFilterGradient(kernels, x, dy, shape, method),
  ];
  tf.dispose(run());
  const tensors = tf.memory().numTensors;
  const bytes = kernels.memory.memory.buffer.byteLength;
  for (let repetition = 0; repetition < 20; repetition++) {
    const results = run();
    assert.equal(tf.memory().numTensors, tensors + 3);
    tf.dispose(results);
  }
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(kernels.memory.memory.buffer.byteLength, bytes);
  tf.dispose([x, filter, dy]);
});
