import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { canUseWinograd, fasterMethod, type WinogradMethod } from "../../src/kernels/winograd.ts";
import type { Kernels } from "../../src/kernels/load.ts";
import { convolutionFilterGradient } from "../../src/kernels/conv2d_backprop_filter.ts";
import { convolutionInputGradient } from "../../src/kernels/conv2d_backprop_input.ts";
import { convolve } from "../../src/kernels/conv2d.ts";
import { naiveConvolution, naiveFilterGradient, naiveInputGradient } from "../reference/conv2d.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import {
  type ConvolutionCase,
  convolutionCases,
  largeCases,
  randomTensors,
  shapeOf,
} from "./conv2d_shapes.ts";

/** Random data err by 3e-7 and 2e-6 at most, by the direct kernel 6e-7: its sums run over the taps too and are longer. */
const METHODS = [["winograd2x2", 1e-6], ["winograd4x4", 4e-6]] as const;

/** Random data err by 1e-6 at most. */
const GRADIENT_TOLERANCE = 4e-6;

function winogradCase(
  input: ConvolutionCase["input"],
  outputs: number,
  pad: ConvolutionCase["pad"] = "same",
): ConvolutionCase {
  return {
    strides: [1, 1],
    dilations: [1, 1],
    input,
    filter: [3, 3, input[3], outputs],
    pad,
  };
}

/** Maps of 1 … 7 rows and columns under every kind of padding, then maps that fill several blocks and chunks. */
function* winogradCases(): Generator<ConvolutionCase> {
  for (const test of [...convolutionCases(), ...largeCases()]) {
    if (canUseWinograd(shapeOf(test))) yield test;
  }
  for (let height = 1; height <= 7; height++) {
    for (let width = 1; width <= 7; width++) {
      yield winogradCase([1 + height % 3, height, width, 1 + width], 1 + (height + width) % 11);
      if (height < 3 || width < 3) continue;
      yield winogradCase([2, height, width, 5], 9, "valid");
      yield winogradCase([1, height, width, 3], 4, [[0, 0], [height % 4, 3], [0, width % 4], [
        0,
        0,
      ]]);
    }
  }
  yield winogradCase([100, 4, 4, 8], 8);
  yield winogradCase([7, 1, 1, 70], 17);
  yield winogradCase([1, 13, 40, 130], 12, "valid");
  yield winogradCase([1, 101, 15, 60], 5);
}

function assertClose(
  actual: tf.Tensor,
  expected: ArrayLike<number>,
  tolerance: number,
  label: object,
): void {
  const difference = relativeDifference(actual.dataSync(), expected);
  assert.ok(difference < tolerance, `${difference} in ${JSON.stringify(label)}`);
}

/** Defines a test of either method in both builds. */
function testMethods(
  name: string,
  body: (kernels: Kernels, method: WinogradMethod, tolerance: number) => void,
): void {
  for (const [method, tolerance] of METHODS) {
    testBothBuilds(`${method} ${name}`, (kernels) => body(kernels, method, tolerance));
  }
}

testMethods(
  "convolves and gives input gradients as their naive twins do",
  (kernels, method, tolerance) => {
    for (const test of winogradCases()) {
      const shape = shapeOf(test);
      tf.tidy(() => {
        const { x, filter, dy } = randomTensors(test);
        const [xs, ws, dys] = [x, filter, dy].map((tensor) => tensor.dataSync());
        const output = convolve(kernels, { x, filter }, shape, { method });
        assertClose(output, naiveConvolution(xs, ws, shape), tolerance, test);
        const gradient = convolutionInputGradient(kernels, { dy, filter, method }, shape);
        assertClose(gradient, naiveInputGradient(dys, ws, shape), tolerance, {
          inputGradient: test,
        });
      });
    }
  },
);

testBothBuilds("the filter gradient by tiles equals its naive twin", (kernels) => {
  for (const test of winogradCases()) {
    const shape = shapeOf(test);
    tf.tidy(() => {
      const { x, dy } = randomTensors(test);
      const gradient = convolutionFilterGradient(kernels, x, dy, shape, "winograd4x4");
      const expected = naiveFilterGradient(x.dataSync(), dy.dataSync(), shape);
      assertClose(gradient, expected, GRADIENT_TOLERANCE, { filterGradient: test });
    });
  }
});

testMethods("adds a bias and clamps as the direct kernel does", (kernels, method, tolerance) => {
  for (const outputs of [1, 6, 8, 13]) {
    const test = winogradCase([2, 5, 7, 4], outputs);
    tf.tidy(() => {
      const { x, filter } = randomTensors(test);
      const inputs = {
        x: x.mul(4) as tf.Tensor4D,
        filter,
        bias: tf.tensor1d(randomArray(outputs, 4)),
      };
      for (const activation of ["linear", "relu", "relu6"] as const) {
        const direct = convolve(kernels, inputs, shapeOf(test), { activation, method: "direct" });
        const output = convolve(kernels, inputs, shapeOf(test), { activation, method });
        assertClose(output, direct.dataSync(), tolerance, { activation, outputs });
      }
    });
  }
});

testMethods("lets a NaN reach the outputs that see it", (kernels, method) => {
  const test = winogradCase([1, 6, 6, 1], 1);
  for (const activation of ["linear", "relu", "relu6"] as const) {
    tf.tidy(() => {
      const x = tf.tensor4d(randomArray(36, 1).with(14, NaN), test.input);
      const filter = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
      const seen = convolve(kernels, { x, filter }, shapeOf(test), {
        activation,
        method: "direct",
      });
      const found = convolve(kernels, { x, filter }, shapeOf(test), { activation, method })
        .dataSync();
      seen.dataSync().forEach((value, at) => {
        if (Number.isNaN(value)) assert.ok(Number.isNaN(found[at]), `${activation}, output ${at}`);
      });
    });
  }
});

testMethods("leaves no scratch behind", (kernels, method) => {
  const test = winogradCase([3, 33, 31, 17], 19);
  const { x, filter, dy } = randomTensors(test);
  const run = () => [
    convolve(kernels, { x, filter }, shapeOf(test), { method }),
    convolutionInputGradient(kernels, { dy, filter, method }, shapeOf(test)),
    convolutionFilterGradient(kernels, x, dy, shapeOf(test), "winograd4x4"),
  ];
  tf.dispose(run());
  const tensors = tf.memory().numTensors;
  const bytes = kernels.memory.memory.buffer.byteLength;
  for (let repetition = 0; repetition < 20; repetition++) tf.dispose(run());
  assert.equal(tf.memory().numTensors, tensors);
  assert.equal(kernels.memory.memory.buffer.byteLength, bytes);
  tf.dispose([x, filter, dy]);
});

Deno.test("`fasterMethod()` leaves few channels, few tiles and other filters to the direct kernel", () => {
  const methodFor = (input: ConvolutionCase["input"], outputs: number) =>
    fasterMethod(shapeOf(winogradCase(input, outputs)));
  for (const [size, channels] of [[32, 16], [16, 32], [8, 64]]) {
    assert.equal(methodFor([128, size, size, channels], channels), "winograd4x4");
  }
  assert.equal(methodFor([128, 2, 2, 512], 512), "winograd2x2");
  assert.equal(methodFor([1, 8, 8, 64], 64), "winograd2x2");
  assert.equal(methodFor([128, 32, 32, 1], 16), "direct");
  assert.equal(methodFor([128, 1, 1, 64], 64), "direct");
  assert.equal(methodFor([1, 2, 2, 64], 64), "direct");
  const strided = { ...winogradCase([128, 32, 32, 16], 32), strides: [2, 2] } as ConvolutionCase;
  assert.equal(fasterMethod(shapeOf(strided)), "direct");
});

testMethods("refuses convolutions that it does not cover", (kernels, method) => {
  const test = { ...winogradCase([1, 6, 6, 2], 2), strides: [2, 1] } as ConvolutionCase;
  const { x, filter, dy } = randomTensors(test);
  const { numTensors } = tf.memory();
  const wanted = /3×3 filter with strides 2×1 .*, wanted 3×3 with ones/;
  assert.throws(() => convolve(kernels, { x, filter }, shapeOf(test), { method }), wanted);
  assert.equal(tf.memory().numTensors, numTensors);
  tf.dispose([x, filter, dy]);
});
