import * as tf from "@tensorflow/tfjs";
import type { Weight } from "../../src/model/model_file.ts";
import { add, conv, head, norm, relu, type Symbolic } from "./network_layers.ts";

interface SequenceOptions {
  kernel?: number;
  strides?: number;
  padding?: "same" | "valid";
  bias?: boolean;
}

function conv1d(x: Symbolic, name: string, filters: number, options: SequenceOptions = {}) {
  return tf.layers.conv1d({
    name,
    filters,
    kernelSize: options.kernel ?? 3,
    strides: options.strides ?? 1,
    padding: options.padding ?? "same",
    useBias: options.bias ?? false,
  }).apply(x) as Symbolic;
}

/** An image read as a sequence: one-dimensional convolutions, pooling and a residual with a strided projection. */
export function sequenceNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const rows = tf.layers.reshape({ name: "rows", targetShape: [16, 12] }).apply(image) as Symbolic;
  let x = relu(norm(conv1d(rows, "conv1", 6), "bn1"), "relu1");
  x = conv1d(x, "conv2", 8, { kernel: 2, padding: "valid", bias: true });
  x = tf.layers.prelu({ name: "prelu", sharedAxes: [1] }).apply(x) as Symbolic;
  x = tf.layers.maxPooling1d({ name: "max", poolSize: 2 }).apply(x) as Symbolic;
  const before = norm(x, "block_bn");
  const shortcut = conv1d(before, "projection", 6, { kernel: 1, strides: 2 });
  const inner = relu(norm(conv1d(before, "inner", 7, { strides: 2 }), "inner_bn"), "inner_relu");
  x = add([conv1d(inner, "outer", 6), shortcut], "sum");
  x = tf.layers.spatialDropout1d({ name: "dropout", rate: 0 }).apply(x) as Symbolic;
  x = tf.layers.averagePooling1d({ name: "average", poolSize: 2, strides: 1, padding: "same" })
    .apply(x) as Symbolic;
  const words = tf.layers.dense({ name: "words", units: 6, activation: "relu" }).apply(x);
  const last = conv1d(words as Symbolic, "last", 5);
  const pooled = tf.layers.globalAveragePooling1d({ name: "pool" }).apply(last);
  const output = tf.layers.dense({ name: "dense", units: 4, activation: "softmax" }).apply(pooled);
  return tf.model({ name: "sequence", inputs: image, outputs: output as Symbolic });
}

interface TransposedOptions {
  kernel: number | [number, number];
  strides: number | [number, number];
  padding?: "same" | "valid";
  bias?: boolean;
}

function transposed(x: Symbolic, name: string, filters: number, options: TransposedOptions) {
  return tf.layers.conv2dTranspose({
    name,
    filters,
    kernelSize: options.kernel,
    strides: options.strides as [number, number],
    padding: options.padding ?? "same",
    useBias: options.bias ?? false,
  }).apply(x) as Symbolic;
}

/** Maps made from a vector and spread by transposed convolutions, larger than their steps and smaller. */
export function decoderNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const small = conv(image, "encode", 6, { strides: 2, activation: "relu" });
  const flat = tf.layers.flatten({ name: "flat" })
    .apply(conv(small, "narrow", 5, { strides: 2 }));
  const code = tf.layers.dense({ name: "code", units: 20, activation: "relu" }).apply(flat);
  const maps = tf.layers.reshape({ name: "maps", targetShape: [2, 2, 5] }).apply(code) as Symbolic;
  let x = relu(norm(transposed(maps, "grow1", 6, { kernel: 3, strides: 2 }), "bn1"), "relu1");
  x = tf.layers.concatenate({ name: "skip" }).apply([x, small]) as Symbolic;
  x = transposed(x, "grow2", 7, { kernel: [4, 3], strides: 2, padding: "valid", bias: true });
  x = relu(norm(x, "bn2"), "relu2");
  const wide = transposed(x, "grow3", 6, { kernel: [1, 2], strides: [1, 3], padding: "valid" });
  x = tf.layers.cropping2D({ name: "crop", cropping: [[1, 1], [2, 3]] }).apply(wide) as Symbolic;
  x = transposed(relu(x, "relu3"), "even", 6, { kernel: 2, strides: 1 });
  return tf.model({ name: "decoder", inputs: image, outputs: head(conv(x, "last", 5)) });
}

/** A frozen 1×1 convolution; {@link selectorKernel} reads from its name which channels it passes on. */
function select(x: Symbolic, name: string, filters: number, strides = 1): Symbolic {
  return tf.layers.conv2d({
    name,
    filters,
    kernelSize: 1,
    strides,
    useBias: false,
    trainable: false,
  }).apply(x) as Symbolic;
}

/**
 * The one-hot kernel of a layer called `…select_F_S`: output o is input F + oS, modulo their number.
 *
 * @param weight A weight.
 * @returns The kernel, or undefined when it belongs to another layer.
 */
export function selectorKernel({ name, shape }: Weight): Float32Array | undefined {
  const match = name.match(/select_(\d+)_(\d+)\/kernel$/);
  if (match === null) return undefined;
  const [first, step] = match.slice(1).map(Number);
  const [inputs, outputs] = shape.slice(-2);
  const values = new Float32Array(inputs * outputs);
  for (let output = 0; output < outputs; output++) {
    values[(first + output * step) % inputs * outputs + output] = 1;
  }
  return values;
}

function groups(x: Symbolic, name: string, filters: number): Symbolic {
  const width = x.shape.at(-1)! / 2;
  const parts = [0, 1].map((group) => {
    const own = select(x, `${name}_${group}_select_${group * width}_1`, width);
    return conv(own, `${name}_${group}`, filters / 2);
  });
  return tf.layers.concatenate({ name }).apply(parts) as Symbolic;
}

/** Grouped convolutions with shuffled channels, and a stream whose readers each have a selector already. */
export function groupedNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const stem = relu(norm(conv(image, "stem", 8), "stem_bn"), "stem_relu");
  let x = relu(norm(groups(stem, "first", 8), "first_bn"), "first_relu");
  x = groups(select(x, "shuffle_select_0_5", 8), "second", 6);
  const stream = conv(x, "stream", 8);
  const left = relu(norm(select(stream, "left_select_1_2", 5), "left_bn"), "left_relu");
  const right = select(stream, "right_select_0_3", 5, 2);
  const sum = add([conv(left, "left", 6, { strides: 2 }), conv(right, "right", 6)], "sum");
  const wide = conv(relu(sum, "sum_relu"), "wide", 6);
  return tf.model({ name: "grouped", inputs: image, outputs: head(conv(wide, "last", 5)) });
}

/** Gates: a vector over maps, one map over all channels; a ReLU that is called everywhere, and axes that change place. */
export function gatesNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const shared = tf.layers.reLU({ name: "shared" });
  const active = (x: Symbolic) => shared.apply(x) as Symbolic;
  let x = active(conv(image, "stem", 6, { strides: 2 }));
  const wide = active(conv(x, "wide", 8));
  const pooled = tf.layers.globalMaxPooling2d({ name: "squeeze" }).apply(wide);
  const gate = tf.layers.dense({ name: "gate", units: 8, activation: "hardSigmoid" }).apply(pooled);
  x = tf.layers.multiply({ name: "scale" }).apply([wide, gate as Symbolic]) as Symbolic;
  const mask = tf.layers.activation({ name: "mask", activation: "sigmoid" })
    .apply(conv(x, "attention", 1)) as Symbolic;
  x = tf.layers.multiply({ name: "attend" }).apply([mask, conv(x, "value", 7)]) as Symbolic;
  x = active(tf.layers.permute({ name: "turn", dims: [2, 1, 3] }).apply(x) as Symbolic);
  const rows = tf.layers.reshape({ name: "rows", targetShape: [16, 7] }).apply(x);
  const back = tf.layers.reshape({ name: "maps", targetShape: [4, -1, 7] }).apply(rows);
  const narrow = conv(back as Symbolic, "narrow", 6, { bias: true });
  const last = conv(active(narrow), "last", 5);
  const first = tf.layers.globalAveragePooling2d({ name: "context" }).apply(last);
  const again = tf.layers.repeatVector({ name: "repeat", n: 3 }).apply(first);
  const flat = tf.layers.flatten({ name: "flat" }).apply(again);
  const output = tf.layers.dense({ name: "dense", units: 4, activation: "softmax" }).apply(flat);
  return tf.model({ name: "gates", inputs: image, outputs: output as Symbolic });
}
