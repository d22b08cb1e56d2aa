import * as tf from "@tensorflow/tfjs";

/** A tensor that is to be. */
export type Symbolic = tf.SymbolicTensor;

/** Options of {@link conv}. */
export interface ConvOptions {
  kernel?: number | [number, number];
  strides?: number;
  padding?: "same" | "valid";
  dilation?: number;
  bias?: boolean;
  activation?: "relu" | "tanh";
}

/** A 2-D convolution, without bias unless asked for. */
export function conv(
  x: Symbolic,
  name: string,
  filters: number,
  options: ConvOptions = {},
): Symbolic {
  return tf.layers.conv2d({
    name,
    filters,
    kernelSize: options.kernel ?? 3,
    strides: options.strides ?? 1,
    padding: options.padding ?? "same",
    dilationRate: options.dilation ?? 1,
    useBias: options.bias ?? false,
    activation: options.activation,
  }).apply(x) as Symbolic;
}

/** A BatchNormalization. */
export function norm(x: Symbolic, name: string): Symbolic {
  return tf.layers.batchNormalization({ name }).apply(x) as Symbolic;
}

/** A ReLU. */
export function relu(x: Symbolic, name: string): Symbolic {
  return tf.layers.activation({ name, activation: "relu" }).apply(x) as Symbolic;
}

/** A sum. */
export function add(parts: Symbolic[], name: string): Symbolic {
  return tf.layers.add({ name }).apply(parts) as Symbolic;
}

/** Pools and classifies. */
export function head(x: Symbolic, classes = 4): Symbolic {
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x) as Symbolic;
  return tf.layers.dense({ name: "dense", units: classes, activation: "softmax" })
    .apply(pooled) as Symbolic;
}
