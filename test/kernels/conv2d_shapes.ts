import * as tf from "@tensorflow/tfjs";
import type { ConvolutionShape } from "../../src/kernels/conv2d_plan.ts";
import { randomArray } from "../reference/samples.ts";

/** A convolution as tfjs is asked for it. */
export interface ConvolutionCase {
  readonly input: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
}

type Pair = [number, number];

const EXPLICIT: tf.backend_util.ExplicitPadding = [[0, 0], [2, 0], [1, 3], [0, 0]];

/** Every combination of window that fits into a 7 × 6 image. */
function* windows(): Generator<Omit<ConvolutionCase, "input" | "filter"> & { kernel: Pair }> {
  const kernels: Pair[] = [[1, 1], [3, 3], [2, 3], [5, 1], [1, 2], [4, 4]];
  for (const kernel of kernels) {
    for (const strides of [[1, 1], [2, 2], [1, 3], [3, 2]] as Pair[]) {
      for (const dilations of [[1, 1], [2, 2], [1, 2]] as Pair[]) {
        const isDilated = dilations.some((dilation) => dilation > 1);
        if (isDilated && strides.some((stride) => stride > 1)) continue;
        if (kernel.some((taps, axis) => (taps - 1) * dilations[axis] + 1 > [7, 6][axis])) continue;
        for (const pad of ["same", "valid", EXPLICIT] as const) {
          yield { kernel, strides, dilations, pad };
        }
      }
    }
  }
}

/** Convolutions of every window with few channels, and of some windows with 1 … 9 and more. */
export function* convolutionCases(): Generator<ConvolutionCase> {
  let turn = 0;
  for (const { kernel, ...rest } of windows()) {
    turn++;
    yield {
      input: [2, 7, 6, 1 + turn % 5],
      filter: [...kernel, 1 + turn % 5, 1 + turn % 9],
      ...rest,
    };
  }
  const plain = { dilations: [1, 1] as Pair, pad: "same" } as const;
  for (let channels = 1; channels <= 9; channels++) {
    for (let outputs = 1; outputs <= 9; outputs++) {
      const strides: Pair = (channels + outputs) % 3 === 0 ? [2, 2] : [1, 1];
      yield { input: [1, 5, 4, channels], filter: [3, 3, channels, outputs], strides, ...plain };
    }
  }
  for (let images = 1; images <= 7; images++) {
    for (const size of [1, 2, 3]) {
      yield { input: [images, size, size, 8], filter: [3, 3, 8, 16], strides: [1, 1], ...plain };
      yield { input: [images, size, size, 6], filter: [1, 1, 6, 11], strides: [2, 2], ...plain };
    }
  }
}

/** Convolutions that fill several blocks: many images, and images of which a block holds some rows. */
export function largeCases(): ConvolutionCase[] {
  const plain = { dilations: [1, 1] as Pair, pad: "same" } as const;
  return [
    { input: [5, 33, 31, 17], filter: [3, 3, 17, 19], strides: [1, 1], ...plain },
    { input: [5, 32, 32, 16], filter: [3, 3, 16, 8], strides: [2, 2], ...plain },
    { input: [1, 70, 61, 24], filter: [3, 3, 24, 9], strides: [1, 1], ...plain },
    { input: [37, 8, 8, 32], filter: [3, 3, 32, 8], strides: [1, 1], ...plain },
    { input: [2, 40, 40, 32], filter: [1, 1, 32, 16], strides: [2, 2], ...plain },
    { input: [1, 96, 96, 3], filter: [7, 7, 3, 10], strides: [2, 2], ...plain },
  ];
}

/** The shape of a convolution, as the kernels are told it. */
export function shapeOf(
  { input, filter, strides, dilations, pad }: ConvolutionCase,
): ConvolutionShape {
  return tf.backend_util.computeConv2DInfo(input, filter, strides, dilations, pad);
}

/** Random images, filter and output gradient of a convolution. */
export function randomTensors(test: ConvolutionCase): Record<"x" | "filter" | "dy", tf.Tensor4D> {
  const { outShape } = tf.backend_util.computeConv2DInfo(
    test.input,
    test.filter,
    test.strides,
    test.dilations,
    test.pad,
  );
  const random = (shape: number[], seed: number) =>
    tf.tensor4d(randomArray(tf.util.sizeFromShape(shape), seed), shape as typeof test.input);
  return { x: random(test.input, 1), filter: random(test.filter, 2), dy: random(outShape, 3) };
}
