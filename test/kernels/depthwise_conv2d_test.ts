import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import { naiveDepthwiseConvolution } from "../reference/depthwise_conv2d.ts";
import { randomArray } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";
import {
  assertClose,
  type DepthwiseCase,
  depthwiseCases,
  randomTensors,
  shapeOf,
} from "./depthwise_cases.ts";

/** Those that ours computes: one output for each channel, and more than one tap. */
function* coveredCases(): Generator<DepthwiseCase> {
  for (const test of depthwiseCases()) {
    const [height, width, , multiplier] = test.filter;
    if (multiplier === 1 && height * width > 1) yield test;
  }
}

function run(name: string, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;
}

testBothBuilds("a depthwise convolution equals its naive twin for every window", (kernels) => {
  registerKernels(kernels);
  for (const test of coveredCases()) {
    tf.tidy(() => {
      const { x, filter } = randomTensors(test);
      const expected = naiveDepthwiseConvolution(x.dataSync(), filter.dataSync(), shapeOf(test));
      const { strides, dilations, pad } = test;
      const y = run("DepthwiseConv2dNative", { x, filter }, { strides, dilations, pad });
      assertClose(y.dataSync(), expected, test);
    });
  }
});

testBothBuilds("a fused depthwise convolution adds the bias and clamps", (kernels) => {
  registerKernels(kernels);
  const clamps = {
    linear: (value: number) => value,
    relu: (value: number) => Math.max(0, value),
    relu6: (value: number) => Math.min(6, Math.max(0, value)),
  };
  for (const test of coveredCases()) {
    tf.tidy(() => {
      const { x, filter } = randomTensors(test);
      const channels = test.filter[2];
      const bias = tf.tensor1d(randomArray(channels, 4)).mul(8);
      const sums = naiveDepthwiseConvolution(x.dataSync(), filter.dataSync(), shapeOf(test));
      const biases = bias.dataSync();
      for (const [activation, clamp] of Object.entries(clamps)) {
        const { strides, dilations, pad } = test;
        const y = run("FusedDepthwiseConv2D", { x, filter, bias }, {
          strides,
          dilations,
          pad,
          dataFormat: "NHWC",
          activation,
        });
        const expected = sums.map((sum, at) => clamp(sum + biases[at % channels]));
        assertClose(y.dataSync(), expected, { activation, test });
      }
    });
  }
});

testBothBuilds(
  "a layer of TensorFlow.js convolves depthwise, though it gives no dilations",
  (kernels) => {
    registerKernels(kernels);
    const layer = tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same", useBias: false });
    tf.tidy(() => {
      const x = tf.tensor4d(randomArray(2 * 5 * 6 * 4, 1), [2, 5, 6, 4]);
      const y = layer.apply(x) as tf.Tensor4D;
      const filter = layer.getWeights()[0] as tf.Tensor4D;
      const info = tf.backend_util.computeConv2DInfo(
        x.shape,
        filter.shape,
        1,
        1,
        "same",
        undefined,
        true,
      );
      const expected = naiveDepthwiseConvolution(x.dataSync(), filter.dataSync(), info);
      assertClose(y.dataSync(), expected, { layer: "depthwiseConv2d" });
    });
    layer.dispose();
  },
);

testBothBuilds("what ours does not cover stock computes", (kernels) => {
  registerKernels(kernels);
  tf.tidy(() => {
    const x = tf.tensor4d(randomArray(2 * 5 * 5 * 3, 1), [2, 5, 5, 3]);
    const double = tf.tensor4d(randomArray(3 * 3 * 3 * 2, 2), [3, 3, 3, 2]);
    const attributes = { strides: [1, 1], dilations: [1, 1], pad: "same", dataFormat: "NHWC" };
    const twin = (filter: tf.Tensor4D) => {
      const info = tf.backend_util.computeConv2DInfo(
        x.shape,
        filter.shape,
        1,
        1,
        "same",
        undefined,
        true,
      );
      return naiveDepthwiseConvolution(x.dataSync(), filter.dataSync(), info);
    };
    const y = run("DepthwiseConv2dNative", { x, filter: double }, attributes);
    assertClose(y.dataSync(), twin(double), { multiplier: 2 });
    const single = double.slice([0, 0, 0, 0], [3, 3, 3, 1]) as tf.Tensor4D;
    const bounded = run("FusedDepthwiseConv2D", { x, filter: single }, {
      ...attributes,
      activation: "sigmoid",
    });
    assertClose(bounded.dataSync(), twin(single).map((sum) => 1 / (1 + Math.exp(-sum))), {
      activation: "sigmoid",
    });
  });
});

testBothBuilds("a depthwise convolution is one new tensor, and scratch is freed", (kernels) => {
  registerKernels(kernels);
  const [test] = coveredCases();
  const { strides, dilations, pad } = test;
  const { x, filter, dy } = randomTensors(test);
  const before = tf.memory().numTensors;
  const bytes = kernels.memory.memory.buffer.byteLength;
  for (let turn = 0; turn < 100; turn++) {
    const y = run("DepthwiseConv2dNative", { x, filter }, { strides, dilations, pad });
    assert.equal(tf.memory().numTensors, before + 1);
    y.dispose();
  }
  assert.equal(kernels.memory.memory.buffer.byteLength, bytes);
  tf.dispose([x, filter, dy]);
});
