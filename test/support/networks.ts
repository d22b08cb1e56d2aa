import * as tf from "@tensorflow/tfjs";
import { type Network, openNetwork } from "../../src/graph/opening/network.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import {
  decoderNetwork,
  gatesNetwork,
  groupedNetwork,
  selectorKernel,
  sequenceNetwork,
} from "./layer_networks.ts";
import { add, conv, head, norm, relu, type Symbolic } from "./network_layers.ts";

/** Plain Sequential network: biases, fused activations, pooling, padding, Flatten into Dense. */
function plainNetwork(): tf.LayersModel {
  return tf.sequential({
    name: "plain",
    layers: [
      tf.layers.conv2d({
        name: "conv1",
        filters: 6,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        inputShape: [8, 8, 3],
      }),
      tf.layers.zeroPadding2d({ name: "padding", padding: 1 }),
      tf.layers.conv2d({ name: "conv2", filters: 8, kernelSize: [3, 2], padding: "valid" }),
      tf.layers.leakyReLU({ name: "leaky", alpha: 0.1 }),
      tf.layers.maxPooling2d({ name: "max", poolSize: 2 }),
      tf.layers.conv2d({ name: "conv3", filters: 5, kernelSize: 3, padding: "same" }),
      tf.layers.prelu({ name: "prelu", sharedAxes: [1, 2] }),
      tf.layers.dropout({ name: "dropout", rate: 0.5 }),
      tf.layers.flatten({ name: "flatten" }),
      tf.layers.dense({ name: "hidden", units: 7, activation: "relu" }),
      tf.layers.dense({ name: "dense", units: 4, activation: "softmax" }),
    ],
  });
}

/** Pre-activation residual network with a strided projection: ReLU and BatchNorm have several readers. */
function preActivationNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = conv(image, "conv1", 6);
  for (const [index, width] of [6, 8, 8].entries()) {
    const name = `block${index + 1}`;
    const isWider = x.shape.at(-1) !== width;
    const before = relu(norm(x, `${name}_bn1`), `${name}_relu1`);
    const shortcut = isWider
      ? conv(before, `${name}_projection`, width, { kernel: 1, strides: 2 })
      : x;
    const inner = conv(before, `${name}_conv1`, width, { strides: isWider ? 2 : 1 });
    const branch = conv(
      relu(norm(inner, `${name}_bn2`), `${name}_relu2`),
      `${name}_conv2`,
      width,
    );
    x = add([branch, shortcut], `${name}_add`);
  }
  return tf.model({
    name: "pre_activation",
    inputs: image,
    outputs: head(relu(norm(x, "final_bn"), "final_relu")),
  });
}

/** Post-activation residual network: a BatchNorm stands between the last convolution of a branch and the Add. */
function postActivationNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = relu(norm(conv(image, "conv1", 6), "bn1"), "relu1");
  for (const [index, width] of [6, 8].entries()) {
    const name = `block${index + 1}`;
    const isWider = x.shape.at(-1) !== width;
    const strides = isWider ? 2 : 1;
    const shortcut = isWider
      ? norm(conv(x, `${name}_projection`, width, { kernel: 1, strides }), `${name}_projection_bn`)
      : x;
    const inner = relu(
      norm(conv(x, `${name}_conv1`, width, { strides }), `${name}_bn1`),
      `${name}_relu1`,
    );
    const branch = norm(conv(inner, `${name}_conv2`, width), `${name}_bn2`);
    x = relu(add([branch, shortcut], `${name}_add`), `${name}_relu2`);
  }
  return tf.model({ name: "post_activation", inputs: image, outputs: head(x) });
}

/** Depthwise and separable convolutions, with depth multipliers. */
function mobileNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = tf.layers.reLU({ name: "relu1", maxValue: 6 })
    .apply(norm(conv(image, "conv1", 5, { strides: 2 }), "bn1")) as Symbolic;
  x = tf.layers.depthwiseConv2d({
    name: "depthwise",
    kernelSize: 3,
    padding: "same",
    depthMultiplier: 2,
  }).apply(x) as Symbolic;
  x = relu(norm(x, "bn2"), "relu2");
  x = relu(norm(conv(x, "pointwise", 6, { kernel: 1 }), "bn3"), "relu3");
  x = tf.layers.separableConv2d({
    name: "separable",
    filters: 7,
    kernelSize: 3,
    padding: "same",
    depthMultiplier: 2,
    activation: "relu",
  }).apply(x) as Symbolic;
  x = conv(x, "conv4", 6, { kernel: 1, bias: true });
  return tf.model({ name: "mobile", inputs: image, outputs: head(x) });
}

/** Branches that are concatenated, squeeze and excitation, averaged pooling, dilation. */
function inceptionNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const stem = conv(image, "stem", 6, { activation: "relu" });
  const wide = conv(stem, "wide", 4, { dilation: 2 });
  const narrow = conv(stem, "narrow", 3, { kernel: 1 });
  const pooled = tf.layers.averagePooling2d({
    name: "average",
    poolSize: 3,
    strides: 1,
    padding: "same",
  }).apply(stem) as Symbolic;
  let x = tf.layers.concatenate({ name: "concat" }).apply([wide, narrow, pooled]) as Symbolic;
  x = relu(norm(x, "bn"), "relu");
  const gated = conv(x, "gated", 6);
  const squeezed = tf.layers.globalAveragePooling2d({ name: "squeeze" }).apply(gated) as Symbolic;
  const gate = tf.layers.reshape({ name: "reshape", targetShape: [1, 1, 6] }).apply(
    tf.layers.dense({ name: "excite", units: 6, activation: "sigmoid" }).apply(squeezed),
  ) as Symbolic;
  x = tf.layers.multiply({ name: "scale" }).apply([gated, gate]) as Symbolic;
  x = tf.layers.upSampling2d({ name: "up", size: [2, 2] }).apply(x) as Symbolic;
  x = conv(x, "mix", 5, { activation: "tanh", padding: "valid" });
  return tf.model({ name: "inception", inputs: image, outputs: head(conv(x, "last", 5)) });
}

/** x · ReLU6(x + 3) / 6, as layers. */
function hardSwish(x: Symbolic, name: string): Symbolic {
  const shifted = tf.layers.rescaling({ name: `${name}_shift`, scale: 1, offset: 3 }).apply(x);
  const clipped = tf.layers.reLU({ name: `${name}_clip`, maxValue: 6 }).apply(shifted);
  const gate = tf.layers.rescaling({ name: `${name}_gate`, scale: 1 / 6 }).apply(clipped);
  return tf.layers.multiply({ name }).apply([x, gate as Symbolic]) as Symbolic;
}

/** A block of MobileNetV3: expansion, depthwise, squeeze and excitation by 1×1 convolutions, hard swish. */
function mobileV3Network(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const stem = hardSwish(norm(conv(image, "stem", 4, { strides: 2 }), "stem_bn"), "stem_swish");
  let x = hardSwish(norm(conv(stem, "expand", 8, { kernel: 1 }), "expand_bn"), "expand_swish");
  x = tf.layers.depthwiseConv2d({ name: "depthwise", kernelSize: 3, padding: "same" })
    .apply(x) as Symbolic;
  x = hardSwish(norm(x, "depthwise_bn"), "depthwise_swish");
  const pooled = tf.layers.reshape({ name: "squeeze", targetShape: [1, 1, 8] })
    .apply(tf.layers.globalAveragePooling2d({ name: "average" }).apply(x)) as Symbolic;
  const squeezed = conv(pooled, "squeezed", 3, { kernel: 1, bias: true, activation: "relu" });
  const excited = conv(squeezed, "excited", 8, { kernel: 1, bias: true });
  const gate = tf.layers.activation({ name: "gate", activation: "sigmoid" }).apply(excited);
  x = tf.layers.multiply({ name: "scale" }).apply([x, gate as Symbolic]) as Symbolic;
  x = norm(conv(x, "project", 4, { kernel: 1 }), "project_bn");
  x = relu(conv(add([x, stem], "residual"), "widen", 12), "widen_relu");
  return tf.model({
    name: "mobile_v3",
    inputs: image,
    outputs: head(conv(conv(x, "narrow", 8), "last", 6)),
  });
}

/** Layers that are not understood, before and behind one that can be cut: one is called twice, one is dilated. */
function opaqueNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = conv(image, "conv1", 6, { activation: "relu" });
  x = conv(x, "conv2", 5);
  x = tf.layers.layerNormalization({ name: "layer_norm" }).apply(x) as Symbolic;
  x = conv(x, "conv3", 6, { activation: "relu" });
  const shared = tf.layers.conv2d({ name: "shared", filters: 6, kernelSize: 3, padding: "same" });
  x = shared.apply(shared.apply(x)) as Symbolic;
  x = tf.layers.conv2dTranspose({ name: "transposed", filters: 4, kernelSize: 2, strides: 2 })
    .apply(x) as Symbolic;
  x = conv(x, "conv4", 6, { activation: "relu" });
  x = tf.layers.separableConv2d({
    name: "spread",
    filters: 6,
    kernelSize: 3,
    padding: "same",
    dilationRate: 2,
    depthMultiplier: 2,
  }).apply(x) as Symbolic;
  return tf.model({ name: "opaque", inputs: image, outputs: head(conv(x, "conv5", 5)) });
}

/** A small U-Net: encoder, bottleneck, decoder with a skip that is concatenated, a map of probabilities. */
function segmentationNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  const block = (x: Symbolic, name: string, filters: number) =>
    relu(norm(conv(x, `${name}_conv`, filters), `${name}_bn`), `${name}_relu`);
  const skip = block(block(image, "down1", 6), "down2", 6);
  const pooled = tf.layers.maxPooling2d({ name: "pool", poolSize: 2 }).apply(skip) as Symbolic;
  const deep = block(block(pooled, "deep1", 10), "deep2", 8);
  const up = tf.layers.upSampling2d({ name: "up", size: [2, 2] }).apply(deep) as Symbolic;
  const joined = tf.layers.concatenate({ name: "skip" }).apply([skip, up]) as Symbolic;
  const last = block(block(joined, "up1", 8), "up2", 6);
  const mask = tf.layers.conv2d({ name: "mask", filters: 2, kernelSize: 1, activation: "softmax" })
    .apply(last) as Symbolic;
  return tf.model({ name: "segmentation", inputs: image, outputs: mask });
}

/** A network that gives three numbers of no bound. */
function regressionNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = conv(image, "conv1", 8, { activation: "relu", bias: true });
  x = relu(norm(conv(x, "conv2", 10, { strides: 2 }), "bn2"), "relu2");
  x = conv(x, "conv3", 8, { activation: "relu", bias: true });
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x) as Symbolic;
  const pose = tf.layers.dense({ name: "pose", units: 3 }).apply(pooled) as Symbolic;
  return tf.model({ name: "regression", inputs: image, outputs: pose });
}

/** A detector with two heads over a grid: four numbers and a score for every cell. */
function detectionNetwork(): tf.LayersModel {
  const image = tf.input({ name: "image", shape: [8, 8, 3] });
  let x = relu(norm(conv(image, "conv1", 8), "bn1"), "relu1");
  x = relu(norm(conv(x, "conv2", 10, { strides: 2 }), "bn2"), "relu2");
  x = relu(norm(conv(x, "conv3", 10), "bn3"), "relu3");
  const boxes = tf.layers.reshape({ name: "boxes", targetShape: [16, 4] })
    .apply(conv(x, "box", 4, { bias: true })) as Symbolic;
  const scores = tf.layers.activation({ name: "scores", activation: "sigmoid" })
    .apply(conv(x, "score", 1, { kernel: 1, bias: true })) as Symbolic;
  return tf.model({ name: "detection", inputs: image, outputs: [boxes, scores] });
}

const HEADS = {
  segmentation: segmentationNetwork,
  regression: regressionNetwork,
  detection: detectionNetwork,
};

/** Names of the small random networks that are no classifiers. */
export type HeadName = keyof typeof HEADS;

/** All of them. */
export const headNames = Object.keys(HEADS) as HeadName[];

const BUILDERS = {
  plain: plainNetwork,
  preActivation: preActivationNetwork,
  postActivation: postActivationNetwork,
  mobile: mobileNetwork,
  inception: inceptionNetwork,
  opaque: opaqueNetwork,
  mobileV3: mobileV3Network,
  sequence: sequenceNetwork,
  decoder: decoderNetwork,
  grouped: groupedNetwork,
  gates: gatesNetwork,
};

/** Names of the small random networks. */
export type NetworkName = keyof typeof BUILDERS;

/** All of them. */
export const networkNames = Object.keys(BUILDERS) as NetworkName[];

/** Those where a unit's channels have as many positions in a tensor as any other: how many are kept says all. */
export const evenNetworkNames: NetworkName[] = networkNames.filter((name) => name !== "grouped");

/**
 * Gives a model random weights, and every BatchNormalization statistics of its own. TensorFlow.js 4.22 forgets the depth
 * multiplier of a SeparableConv2D when it writes a model (Keras' converter does not), so it is put back.
 */
export function randomizeWeights(file: ModelFile, random: () => number): void {
  for (const { class_name, config } of file.topology.config.layers!) {
    if (class_name !== "SeparableConv2D") continue;
    config.depth_multiplier = file.weights.get(`${config.name}/depthwise_kernel`)!.shape[3];
  }
  for (const weight of file.weights.values()) {
    const selector = selectorKernel(weight);
    if (selector) {
      weight.values = selector;
      continue;
    }
    const isVariance = weight.name.endsWith("variance") || weight.name.endsWith("gamma");
    const fanIn = weight.values.length / (weight.shape.at(-1) ?? 1);
    const scale = weight.shape.length > 1 ? Math.sqrt(6 / fanIn) : 0.3;
    weight.values = Float32Array.from(
      weight.values,
      () => isVariance ? 0.5 + random() : scale * (2 * random() - 1),
    );
  }
}

/** A small network with random weights. */
export async function buildNetworkFile(
  name: NetworkName | HeadName,
  seed = 1,
): Promise<ModelFile> {
  const builders = { ...BUILDERS, ...HEADS };
  const model = builders[name]();
  const file = await captureModel(model);
  disposeModel(model);
  randomizeWeights(file, createRandom(seed, Object.keys(builders).indexOf(name)));
  return file;
}

/** A small network, opened. */
export async function buildNetwork(
  name: NetworkName | HeadName,
): Promise<Network & { file: ModelFile }> {
  const file = await buildNetworkFile(name);
  return { file, ...await openNetwork(file) };
}

/** Random images for the small networks. */
export function randomImages(count: number, seed = 7): tf.Tensor4D {
  return tf.randomNormal([count, 8, 8, 3], 0, 1, "float32", seed) as tf.Tensor4D;
}

/** Largest difference between two tensors. */
export function largestDifference(first: tf.Tensor, second: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(first, second))).arraySync() as number);
}
