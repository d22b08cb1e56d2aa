import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { randomArray } from "../reference/samples.ts";

type Shape4D = [number, number, number, number];
type Pair = [number, number];

/** A depthwise convolution. */
export interface DepthwiseCase {
  input: Shape4D;
  filter: Shape4D;
  strides: Pair;
  dilations: Pair;
  pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
}

const EXPLICIT: tf.backend_util.ExplicitPadding = [[0, 0], [2, 0], [1, 3], [0, 0]];

/** Windows that fit into a 7 × 6 image, each with other channels and another multiplier. */
export function* depthwiseCases(): Generator<DepthwiseCase> {
  let turn = 0;
  for (const kernel of [[1, 1], [3, 3], [2, 3], [5, 1], [4, 4]] as Pair[]) {
    for (const strides of [[1, 1], [2, 2], [1, 3], [3, 2]] as Pair[]) {
      for (const dilations of [[1, 1], [2, 2], [1, 2]] as Pair[]) {
        if (kernel.some((taps, axis) => (taps - 1) * dilations[axis] + 1 > [7, 6][axis])) continue;
        for (const pad of ["same", "valid", 1, EXPLICIT] as const) {
          const channels = 1 + turn % 9, multiplier = 1 + turn % 3;
          turn++;
          yield {
            input: [2, 7, 6, channels],
            filter: [...kernel, channels, multiplier],
            strides,
            dilations,
            pad,
          };
        }
      }
    }
  }
  for (const channels of [11, 15, 16, 17, 20, 33, 48]) {
    for (const multiplier of [1, 2]) {
      yield {
        input: [3, 9, 9, channels],
        filter: [3, 3, channels, multiplier],
        strides: [1, 1],
        dilations: [1, 1],
        pad: "same",
      };
    }
  }
  // Rows of one to three tiles of four, whole and not, and images lower than the window.
  for (const [height, width] of [[1, 4], [2, 5], [3, 6], [4, 8], [5, 3], [2, 12], [6, 1]]) {
    for (const channels of [3, 4, 6, 21]) {
      for (const pad of ["same", "valid", 2] as const) {
        if (pad === "valid" && Math.min(height, width) < 3) continue;
        yield {
          input: [2, height, width, channels],
          filter: [3, 3, channels, 1],
          strides: [1, 1],
          dilations: [1, 1],
          pad,
        };
      }
    }
  }
}

/** Its sizes, as tfjs has them. */
export function shapeOf({ input, filter, strides, dilations, pad }: DepthwiseCase) {
  return tf.backend_util.computeConv2DInfo(
    input,
    filter,
    strides,
    dilations,
    pad,
    undefined,
    true,
  );
}

/** Images, a filter and a gradient of the output. */
export function randomTensors(test: DepthwiseCase): Record<"x" | "filter" | "dy", tf.Tensor4D> {
  const random = (shape: Shape4D, seed: number) =>
    tf.tensor4d(randomArray(tf.util.sizeFromShape(shape), seed), shape);
  return {
    x: random(test.input, 1),
    filter: random(test.filter, 2),
    dy: random(shapeOf(test).outShape, 3),
  };
}

/** Fails where values differ by 1e-5 or more: results are sums of up to a few hundred products of −1 … 1. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  label: object,
): void {
  assert.equal(actual.length, expected.length);
  for (let at = 0; at < expected.length; at++) {
    const isClose = Math.abs(actual[at] - expected[at]) < 1e-5;
    assert.ok(isClose, `${actual[at]}, ${expected[at]} at ${at} of ${JSON.stringify(label)}`);
  }
}
