import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type Geometry, outputSize } from "../../src/kernels/geometry.ts";
import { samplePatches } from "../../src/kernels/patches.ts";
import { naivePatches } from "../reference/patches.ts";
import { randomArray, relativeDifference } from "../reference/samples.ts";
import { testBothBuilds } from "./both_builds.ts";

const IMAGES = 2, HEIGHT = 7, WIDTH = 6;

/** Every combination of window that fits the test image and that tfjs itself can run. */
function* geometries(): Generator<Geometry> {
  for (const kernel of [[1, 1], [3, 3], [2, 3], [5, 1], [4, 4]] as const) {
    for (const strides of [[1, 1], [2, 2], [1, 3]] as const) {
      for (const dilations of [[1, 1], [2, 2], [1, 2]] as const) {
        const isDilated = dilations.some((dilation) => dilation > 1);
        if (isDilated && strides.some((stride) => stride > 1)) continue;
        if (kernel.some((k, axis) => (k - 1) * dilations[axis] + 1 > [HEIGHT, WIDTH][axis])) {
          continue;
        }
        for (const padding of ["same", "valid"] as const) {
          yield { kernel, strides, dilations, padding };
        }
      }
    }
  }
}

/**
 * tfjs-backend-wasm 4.22 pads wrongly where a window of more than one tap is shorter than its stride on one axis: its
 * result differs there from that of the CPU backend.
 */
function isMiscomputedByTfjs({ kernel, strides, padding }: Geometry): boolean {
  const skipsInputs = kernel.some((taps, axis) => taps < strides[axis]);
  return padding === "same" && skipsInputs && kernel.some((taps) => taps > 1);
}

function allPositions([rows, columns]: [number, number]): Int32Array {
  const positions: number[] = [];
  for (let image = 0; image < IMAGES; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) positions.push(image, row, column);
    }
  }
  return Int32Array.from(positions);
}

testBothBuilds("patches equal their naive twin for every window and channel count", (kernels) => {
  for (const channels of [1, 3, 4, 5, 8]) {
    const shape: [number, number, number, number] = [IMAGES, HEIGHT, WIDTH, channels];
    const values = randomArray(IMAGES * HEIGHT * WIDTH * channels, channels);
    for (const geometry of geometries()) {
      const positions = allPositions(outputSize([HEIGHT, WIDTH], geometry).size);
      const actual = tf.tidy(() =>
        samplePatches(kernels, tf.tensor4d(values, shape), positions, geometry).dataSync()
      );
      assert.deepEqual(actual, naivePatches(values, shape, positions, geometry));
    }
  }
});

testBothBuilds("patches times a kernel are the convolution of tfjs", (kernels) => {
  for (const geometry of geometries()) {
    if (isMiscomputedByTfjs(geometry)) continue;
    const [kernelHeight, kernelWidth] = geometry.kernel;
    const channels = 3, outputs = 5;
    const [actual, expected] = tf.tidy(() => {
      const values = randomArray(IMAGES * HEIGHT * WIDTH * channels, 1);
      const input = tf.tensor4d(values, [IMAGES, HEIGHT, WIDTH, channels]);
      const weights = tf.tensor4d(
        randomArray(kernelHeight * kernelWidth * channels * outputs, 2),
        [kernelHeight, kernelWidth, channels, outputs],
      );
      const positions = allPositions(outputSize([HEIGHT, WIDTH], geometry).size);
      const patches = samplePatches(kernels, input, positions, geometry);
      const flat = weights.reshape<tf.Tensor2D>([-1, outputs]);
      const convolved = tf.conv2d(
        input,
        weights,
        [...geometry.strides],
        geometry.padding,
        "NHWC",
        [...geometry.dilations],
      );
      return [patches.matMul(flat).dataSync(), convolved.dataSync()];
    });
    assert.ok(relativeDifference(actual, expected) < 1e-5, JSON.stringify(geometry));
  }
});

testBothBuilds("a strided and dilated window equals its naive twin", (kernels) => {
  const geometry: Geometry = {
    kernel: [3, 2],
    strides: [2, 1],
    dilations: [2, 3],
    padding: "same",
  };
  const shape: [number, number, number, number] = [IMAGES, HEIGHT, WIDTH, 6];
  const values = randomArray(IMAGES * HEIGHT * WIDTH * 6, 3);
  const positions = Int32Array.from([1, 3, 5, 0, 0, 0, 1, 3, 5]);
  const actual = tf.tidy(() =>
    samplePatches(kernels, tf.tensor4d(values, shape), positions, geometry).dataSync()
  );
  assert.deepEqual(actual, naivePatches(values, shape, positions, geometry));
});

testBothBuilds("patches are one new tensor, and none when a position is refused", (kernels) => {
  const geometry: Geometry = {
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [1, 1],
    padding: "valid",
  };
  const input = tf.zeros<tf.Rank.R4>([2, 7, 6, 3]);
  const before = tf.memory().numTensors;
  const patches = samplePatches(kernels, input, Int32Array.of(0, 0, 0), geometry);
  assert.deepEqual(patches.shape, [1, 27]);
  assert.equal(tf.memory().numTensors, before + 1);
  patches.dispose();
  for (const outside of [[2, 0, 0], [0, 5, 0], [0, 0, 4], [0, -1, 0]]) {
    assert.throws(
      () => samplePatches(kernels, input, Int32Array.from(outside), geometry),
      /wanted one in 2 images of 5×4 outputs/,
    );
  }
  assert.throws(() => samplePatches(kernels, input, Int32Array.of(0, 0), geometry), /triples/);
  assert.equal(tf.memory().numTensors, before);
  input.dispose();
});

Deno.test("a window that does not fit is refused", () => {
  const geometry: Geometry = {
    kernel: [3, 3],
    strides: [1, 1],
    dilations: [2, 2],
    padding: "valid",
  };
  assert.throws(() => outputSize([4, 9], geometry), /a window of 5 does not fit into 4/);
  assert.throws(() => outputSize([9, 9], { ...geometry, strides: [0, 1] }), /positive integers/);
});
