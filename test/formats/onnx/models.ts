import * as tf from "@tensorflow/tfjs";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";

type Symbolic = tf.SymbolicTensor;

const { layers } = tf;

function image(name = "image", size: number | null = 8): Symbolic {
  return tf.input({ name, shape: [size, size, 3] });
}

function conv(
  x: Symbolic,
  filters: number,
  options: Partial<Parameters<typeof layers.conv2d>[0]> = {},
) {
  return layers.conv2d({ filters, kernelSize: 3, ...options }).apply(x) as Symbolic;
}

/** A Sequential model in a Sequential model, as Teachable Machine exports them. */
function nested(): tf.LayersModel {
  const features = tf.sequential({
    name: "features",
    layers: [
      layers.conv2d({ name: "stem", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
      layers.globalAveragePooling2d({ name: "pool" }),
    ],
  });
  const head = tf.sequential({
    name: "head",
    layers: [
      layers.dense({ name: "hidden", units: 6, activation: "relu", inputShape: [4] }),
      layers.dense({ name: "scores", units: 3, activation: "softmax", useBias: false }),
    ],
  });
  const whole = tf.sequential({ name: "whole" });
  whole.add(features);
  whole.add(head);
  return whole;
}

/** A functional model used as a layer, twice. */
function siblings(): tf.LayersModel {
  const inner = image("inner");
  const shared = tf.model({
    name: "shared",
    inputs: inner,
    outputs: layers.flatten({ name: "flat" }).apply(conv(inner, 2, { name: "inside" })) as Symbolic,
  });
  const [first, second] = [image("first"), image("second")];
  const both = [first, second].map((x) => shared.apply(x) as Symbolic);
  const joined = layers.concatenate({ name: "joined" }).apply(both) as Symbolic;
  const scores = layers.dense({ name: "scores", units: 3 }).apply(joined) as Symbolic;
  return tf.model({ name: "siblings", inputs: [first, second], outputs: [scores, both[0]] });
}

/** A layer that is called twice. */
function recurrent(): tf.LayersModel {
  const x = image();
  const layer = layers.conv2d({ name: "again", filters: 3, kernelSize: 3, padding: "same" });
  return tf.model({ inputs: x, outputs: layer.apply(layer.apply(x)) as Symbolic });
}

/** One Dense layer that reads maps and a vector. */
function manyForms(): tf.LayersModel {
  const x = conv(image(), 4, { strides: 2, name: "stem" });
  const shared = layers.dense({ name: "shared", units: 3 });
  const vector = layers.globalAveragePooling2d({}).apply(x) as Symbolic;
  return tf.model({
    inputs: x.sourceLayer.input,
    outputs: [x, vector].map((form) => shared.apply(form) as Symbolic),
  });
}

/** Every activation as an argument, then as a layer. */
function activations(): tf.LayersModel {
  const x = image();
  const names = ["relu", "relu6", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign"];
  const fused = [...names, "hardSigmoid", "softmax", "swish", "mish", "linear"].map((name) =>
    conv(x, 3, { name: `conv_${name}`, activation: name as "relu" })
  );
  const base = conv(x, 3, { name: "base" });
  const alone = [
    layers.reLU({ maxValue: 0.5 }),
    layers.reLU({}),
    layers.leakyReLU({ alpha: 0.2 }),
    layers.prelu({ alphaInitializer: "glorotNormal" }),
    layers.elu({}),
    layers.thresholdedReLU({ theta: 0.3 }),
    layers.softmax({ axis: -1 }),
    layers.dropout({ rate: 0.3 }),
    layers.gaussianNoise({ stddev: 1 }),
  ].map((layer) => layer.apply(base) as Symbolic);
  return tf.model({
    inputs: x,
    outputs: layers.concatenate().apply([...fused, ...alone]) as Symbolic,
  });
}

/** Pools, paddings and strides that do not fit the size. */
function windows(): tf.LayersModel {
  const x = image();
  const outputs = [
    conv(x, 2, { strides: 2, padding: "same" }),
    conv(x, 2, { kernelSize: [4, 2], strides: [3, 2], padding: "same", dilationRate: 1 }),
    conv(x, 2, { kernelSize: 2, dilationRate: [2, 3], padding: "same" }),
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x),
    layers.averagePooling2d({ poolSize: [2, 3] }).apply(x),
    layers.zeroPadding2d({ padding: [[0, 1], [2, 3]] }).apply(x),
    layers.cropping2D({ cropping: [[0, 1], [2, 3]] }).apply(x),
    layers.upSampling2d({ size: [2, 3] }).apply(x),
    layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" }).apply(x),
    layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }).apply(x),
    layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 3, padding: "valid" }).apply(x),
    layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3, padding: "same" }).apply(x),
    layers.separableConv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same" }).apply(x),
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same" }).apply(x),
    layers.globalMaxPooling2d({}).apply(x),
  ] as Symbolic[];
  return tf.model({ inputs: x, outputs });
}

/** Merges of maps, of vectors, and of both. */
function merges(): tf.LayersModel {
  const x = image();
  const [first, second, third] = [conv(x, 3), conv(x, 3), conv(x, 3)];
  const [vector, other] = [first, second].map((maps) =>
    layers.globalAveragePooling2d({}).apply(maps) as Symbolic
  );
  const sum = layers.add().apply([first, second, third]) as Symbolic;
  const outputs = [
    sum,
    layers.multiply().apply([first, second]),
    layers.average().apply([first, second, third]),
    layers.maximum().apply([first, second]),
    layers.minimum().apply([first, second]),
    layers.concatenate({ axis: 1 }).apply([first, second]),
    layers.concatenate({ axis: -1 }).apply([vector, other]),
    layers.multiply().apply([
      first,
      layers.reshape({ targetShape: [1, 1, 3] }).apply(vector) as Symbolic,
    ]),
  ] as Symbolic[];
  return tf.model({ inputs: x, outputs });
}

/** Vectors and maps reshaped into one another, in the order of the layers. */
function reshapes(): tf.LayersModel {
  const x = conv(image(), 4, { strides: 2, name: "stem" });
  const flat = layers.flatten().apply(x) as Symbolic;
  const normalized = layers.batchNormalization().apply(flat) as Symbolic;
  const outputs = [
    flat,
    layers.dense({ units: 3 }).apply(normalized),
    layers.dense({ units: 3 }).apply(x),
    layers.reshape({ targetShape: [-1] }).apply(x),
    layers.reshape({ targetShape: [3, 3, 4] }).apply(flat),
    layers.reshape({ targetShape: [4, 3, 3] }).apply(x),
    layers.reshape({ targetShape: [6, 1, -1] }).apply(flat),
    layers.prelu({ alphaInitializer: "glorotNormal" } as never).apply(flat),
    layers.concatenate().apply([flat, layers.globalAveragePooling2d({}).apply(x) as Symbolic]),
  ] as Symbolic[];
  const input = x.sourceLayer.inboundNodes[0].inputTensors[0] as Symbolic;
  return tf.model({ inputs: input, outputs });
}

/** Images of any size. */
function open(): tf.LayersModel {
  const x = image("image", null);
  const strided = conv(x, 4, { strides: 2, padding: "same", activation: "relu" });
  const pooled = layers.maxPooling2d({ poolSize: 2, padding: "same" }).apply(strided) as Symbolic;
  const mean = layers.globalAveragePooling2d({}).apply(conv(pooled, 3, { padding: "same" }));
  return tf.model({ inputs: x, outputs: layers.dense({ units: 2 }).apply(mean) as Symbolic });
}

/** Images without an axis of channels, and vectors that become images. */
const IMAGES: Readonly<Record<string, () => tf.LayersModel>> = {
  "rows of numbers, reshaped to an image": () => {
    const x = tf.input({ name: "digits", shape: [8, 8] });
    const image = layers.reshape({ targetShape: [8, 8, 1] }).apply(x) as Symbolic;
    const maps = layers.globalMaxPooling2d({}).apply(conv(image, 4, { activation: "relu" }));
    return tf.model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(maps) as Symbolic });
  },
  "rows of numbers, flattened": () => {
    const x = tf.input({ name: "digits", shape: [8, 8] });
    const flat = layers.flatten().apply(x) as Symbolic;
    const hidden = layers.dense({ units: 6, activation: "tanh" }).apply(flat);
    return tf.model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(hidden) as Symbolic });
  },
  "rows of numbers, each by itself": () => {
    const x = tf.input({ name: "rows", shape: [6, 5] });
    const wide = layers.dense({ units: 4, activation: "relu" }).apply(x) as Symbolic;
    const normed = layers.batchNormalization().apply(wide) as Symbolic;
    const turned = layers.permute({ dims: [2, 1] }).apply(normed) as Symbolic;
    const scores = layers.dense({ units: 3, activation: "softmax" }).apply(turned) as Symbolic;
    return tf.model({ inputs: x, outputs: [scores, layers.flatten().apply(normed) as Symbolic] });
  },
  "a vector, reshaped to an image": () => {
    const x = tf.input({ name: "digits", shape: [64] });
    const image = layers.reshape({ targetShape: [8, 8, 1] }).apply(x) as Symbolic;
    const flat = layers.flatten().apply(conv(image, 3, { padding: "same", strides: 2 }));
    return tf.model({ inputs: x, outputs: layers.dense({ units: 3 }).apply(flat) as Symbolic });
  },
  "a generator": () => {
    const x = tf.input({ name: "noise", shape: [5] });
    const wide = layers.dense({ units: 36, activation: "relu" }).apply(x) as Symbolic;
    const maps = layers.reshape({ targetShape: [3, 3, 4] }).apply(wide) as Symbolic;
    const normed = layers.batchNormalization().apply(maps) as Symbolic;
    const options = { filters: 2, kernelSize: 4, strides: 2, padding: "same" } as const;
    return tf.model({
      inputs: x,
      outputs: layers.conv2dTranspose(options).apply(normed) as Symbolic,
    });
  },
};

const BUILDERS: Readonly<Record<string, () => tf.LayersModel>> = {
  nested,
  siblings,
  recurrent,
  manyForms,
  activations,
  windows,
  merges,
  reshapes,
  open,
};

/** Names of the models. */
export const modelNames = Object.keys(BUILDERS);

/** Names of models whose inputs are no maps. */
export const flatModelNames = Object.keys(IMAGES);

/** A model that holds one construct, with random weights. */
export async function buildModelFile(name: string): Promise<ModelFile> {
  const model = (BUILDERS[name] ?? IMAGES[name])();
  const file = await captureModel(model, { path: name });
  disposeModel(model);
  return file;
}
