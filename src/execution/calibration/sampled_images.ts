import type * as tf from "@tensorflow/tfjs";
import { type LayerNode, planeOf } from "../../graph/mod.ts";
import type { Geometry } from "../../kernels/mod.ts";

/** Reads one position. */
export const ONE_BY_ONE: Geometry = {
  kernel: [1, 1],
  strides: [1, 1],
  dilations: [1, 1],
  padding: "valid",
};

/**
 * Kernel, strides, dilations and padding with which a layer reads its {@link sampledImages}.
 *
 * @param node A convolution or Dense layer.
 * @returns Its geometry; a Dense layer reads one position, a sequence is an image of one row.
 */
export function geometryOf(node: LayerNode): Geometry {
  if (node.className === "Dense") return ONE_BY_ONE;
  const kernel = planeOf(node, "kernel_size");
  if (node.className === "Conv2DTranspose") return { ...ONE_BY_ONE, kernel };
  return {
    kernel,
    strides: planeOf(node, "strides"),
    dilations: planeOf(node, "dilation_rate"),
    padding: node.config.padding as "same" | "valid",
  };
}

/**
 * Rows and columns of a layer's output.
 *
 * @param node A convolution or Dense layer whose output has a fixed size.
 * @returns One row where there are fewer axes.
 */
export function outputSizeOf({ outputShape }: LayerNode): [number, number] {
  const sizes = outputShape.slice(0, -1) as number[];
  return [sizes.at(-2) ?? 1, sizes.at(-1) ?? 1];
}

/**
 * What a layer reads, so that it is an ordinary convolution of it with {@link geometryOf}.
 *
 * A Conv2DTranspose with kernel k and stride s is one with stride 1 and reversed taps over its input with s − 1 zeros
 * behind every row and column, padded to out + k − 1. Position o then sees, at a tap whose distance from a given value is
 * no multiple of s, a zero; so the regression of the taps falls apart into those of the s² phases by itself.
 *
 *     in    a b c            s = 2, k = 3, same: padded before by k − 1 − ⌊(k − s)/2⌋ = 2
 *     read  0 0 a 0 b 0 c 0
 *
 * @param input The layer's input, with the batch: rank 2, 3 or 4.
 * @param node The layer.
 * @returns N × H × W × channels.
 */
export function sampledImages(input: tf.Tensor, node: LayerNode): tf.Tensor4D {
  const images = asImages(input);
  return node.className === "Conv2DTranspose" ? spreadImages(images, node) : images;
}

/** A vector is an image of one position, a sequence one of one row. */
export function asImages(input: tf.Tensor): tf.Tensor4D {
  const [count, ...rest] = input.shape;
  const channels = rest.pop()!;
  const [width = 1, height = 1] = rest.toReversed();
  return input.reshape([count, height, width, channels]);
}

/** Every step keeps to rank 4: the channels, or whole rows, are one axis of it. */
function spreadImages(images: tf.Tensor4D, node: LayerNode): tf.Tensor4D {
  const [count, height, width, channels] = images.shape;
  const [down, right] = planeOf(node, "strides");
  const kernel = planeOf(node, "kernel_size");
  const columns = images.reshape([count * height * width, 1, channels])
    .pad([[0, 0], [0, right - 1], [0, 0]]);
  const rows = columns.reshape([count * height, 1, width * right * channels])
    .pad([[0, 0], [0, down - 1], [0, 0]]);
  const spread = rows.reshape([count, height * down, width * right, channels]) as tf.Tensor4D;
  const [vertical, horizontal] = [down, right].map((stride, axis): [number, number] => {
    const beyond = Math.max(0, kernel[axis] - stride);
    const cropped = node.config.padding === "same" ? Math.floor(beyond / 2) : 0;
    const added = node.config.padding === "same" ? 0 : beyond;
    return [kernel[axis] - 1 - cropped, cropped + added];
  });
  return spread.pad([[0, 0], vertical, horizontal, [0, 0]]);
}
