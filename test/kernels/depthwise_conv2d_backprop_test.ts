import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { registerKernels } from "../../src/kernels/register.ts";
import {
  naiveDepthwiseFilterGradient,
  naiveDepthwiseInputGradient,
} from "../reference/depthwise_conv2d.ts";
import { testBothBuilds } from "./both_builds.ts";
import {
  assertClose,
  type DepthwiseCase,
  depthwiseCases,
  randomTensors,
  shapeOf,
} from "./depthwise_cases.ts";
import { onCpu } from "./on_cpu.ts";

/**
 * Whether tfjs-backend-wasm 4.22 itself can convolve forwards. With a padding of its caller's choice, and with any where
 * a window is shorter than its stride, it reads and writes past its tensors.
 */
function canRunForwards({ filter, strides, dilations, pad }: DepthwiseCase): boolean {
  if (Math.max(...dilations) > 1) return false;
  return pad === "valid" || (pad === "same" && strides.every((step, axis) => filter[axis] >= step));
}

/** Both gradients, straight from the registered kernels: `tf.grads` refuses dilations. */
function runKernels(test: DepthwiseCase, { x, filter, dy }: Record<string, tf.Tensor4D>) {
  const { input, filter: filterShape, strides, dilations, pad } = test;
  const attributes = { strides, dilations, pad };
  const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf.engine().runKernel(name, inputs, { ...attributes, ...attrs } as tf.NamedAttrMap);
  return [
    run("DepthwiseConv2dNativeBackpropInput", { dy, filter }, { inputShape: input }),
    run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { filterShape }),
  ] as tf.Tensor[];
}

testBothBuilds("depthwise gradients equal their naive twins for every window", (kernels) => {
  registerKernels(kernels);
  for (const test of depthwiseCases()) {
    tf.tidy(() => {
      const tensors = randomTensors(test);
      const [x, filter, dy] = [tensors.x, tensors.filter, tensors.dy].map((t) => t.dataSync());
      const shape = shapeOf(test);
      const [dx, dw] = runKernels(test, tensors);
      assertClose(dx.dataSync(), naiveDepthwiseInputGradient(dy, filter, shape), { dx: test });
      assertClose(dw.dataSync(), naiveDepthwiseFilterGradient(x, dy, shape), { dw: test });
    });
  }
});

testBothBuilds(
  "tf.grads through tf.depthwiseConv2d agrees with the cpu backend",
  async (kernels) => {
    registerKernels(kernels);
    const cases = [...depthwiseCases()].filter(canRunForwards);
    const gradients = (test: DepthwiseCase) =>
      tf.tidy(() => {
        const { x, filter, dy } = randomTensors(test);
        const convolve = (a: tf.Tensor, b: tf.Tensor) =>
          tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, test.strides, test.pad);
        return tf.grads(convolve)([x, filter], dy).map((tensor) => tensor.dataSync());
      });
    const expected = await onCpu(() => cases.map(gradients));
    cases.forEach((test, index) => {
      gradients(test).forEach((values, part) => {
        assertClose(values, expected[index][part], { part, test });
      });
    });
  },
);

testBothBuilds("depthwise gradients match finite differences", (kernels) => {
  registerKernels(kernels);
  const test: DepthwiseCase = {
    input: [2, 5, 4, 3],
    filter: [3, 2, 3, 2],
    strides: [2, 1],
    dilations: [1, 1],
    pad: "same",
  };
  tf.tidy(() => {
    const { x, filter, dy } = randomTensors(test);
    const loss = (a: tf.Tensor, b: tf.Tensor) =>
      tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, test.strides, test.pad)
        .mul(dy).sum().dataSync()[0];
    // The loss is linear in each argument, so that a difference of any width is exact up to rounding.
    const bump = (tensor: tf.Tensor, at: number) =>
      tensor.add(tf.oneHot(at, tensor.size).toFloat().reshape(tensor.shape));
    const [dx, dw] = runKernels(test, { x, filter, dy }).map((tensor) => tensor.dataSync());
    const before = loss(x, filter);
    for (let at = 0; at < x.size; at += 7) {
      assert.ok(Math.abs(loss(bump(x, at), filter) - before - dx[at]) < 1e-5, `dx[${at}]`);
    }
    for (let at = 0; at < filter.size; at++) {
      assert.ok(Math.abs(loss(x, bump(filter, at)) - before - dw[at]) < 1e-5, `dw[${at}]`);
    }
  });
});

testBothBuilds("each depthwise gradient is one new tensor, and scratch is freed", (kernels) => {
  registerKernels(kernels);
  const [test] = depthwiseCases();
  const tensors = randomTensors(test);
  const before = tf.memory().numTensors;
  const bytes = kernels.memory.memory.buffer.byteLength;
  for (let run = 0; run < 100; run++) {
    const gradients = runKernels(test, tensors);
    assert.equal(tf.memory().numTensors, before + 2);
    tf.dispose(gradients);
  }
  assert.equal(tf.memory().numTensors, before);
  assert.equal(kernels.memory.memory.buffer.byteLength, bytes);
  tf.dispose(tensors);
});
