import * as tf from "@tensorflow/tfjs";

/** A tensor while a network is laid out. */
export type Symbolic = tf.SymbolicTensor;

/** Size of images and number of classes. */
export interface NetworkShape {
  /** Rows, columns and channels of the images. */
  readonly inputShape: readonly [number, number, number];
  /** Classes. */
  readonly classes: number;
}

interface ConvolutionOptions {
  readonly kernel?: number;
  readonly strides?: number;
  readonly bias?: boolean;
}

/** The image input. */
export function image({ inputShape }: NetworkShape): Symbolic {
  return tf.input({ name: "image", shape: [...inputShape] });
}

/** A SAME convolution, 3×3 and without bias by default. */
export function convolution(
  x: Symbolic,
  name: string,
  filters: number,
  { kernel = 3, strides = 1, bias = false }: ConvolutionOptions = {},
): Symbolic {
  return tf.layers.conv2d({
    name,
    filters,
    kernelSize: kernel,
    strides,
    padding: "same",
    useBias: bias,
  }).apply(x) as Symbolic;
}

/** A 3×3 SAME depthwise convolution without bias. */
export function depthwise(x: Symbolic, name: string, strides: number): Symbolic {
  return tf.layers.depthwiseConv2d({
    name,
    kernelSize: 3,
    strides,
    padding: "same",
    useBias: false,
  }).apply(x) as Symbolic;
}

/** BatchNormalization with ε 1e-5 and momentum 0.9. */
export function normalization(x: Symbolic, name: string): Symbolic {
  return tf.layers.batchNormalization({ name, epsilon: 1e-5, momentum: 0.9 })
    .apply(x) as Symbolic;
}

/** ReLU, cut off at 6 when asked for. */
export function relu(x: Symbolic, name: string, activation: "relu" | "relu6" = "relu"): Symbolic {
  return tf.layers.activation({ name, activation }).apply(x) as Symbolic;
}

/** Global average pooling, a Dense layer and softmax. */
export function classifier(x: Symbolic, { classes }: NetworkShape): Symbolic {
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const logits = tf.layers.dense({ name: "dense", units: classes }).apply(pooled);
  return tf.layers.activation({ name: "softmax", activation: "softmax" }).apply(logits) as Symbolic;
}
