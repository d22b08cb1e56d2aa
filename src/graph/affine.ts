import { activationOf, isLastAxis, planeOf } from "./options.ts";
import type { LayerNode } from "./layer_graph.ts";
import type { Weight } from "../model/mod.ts";

/** Scale and shift of a BatchNormalization at inference: y = x·scale + shift. */
export interface Affine {
  /** γ / √(variance + ε), per channel. */
  readonly scale: Float32Array;
  /** β − mean·scale, per channel. */
  readonly shift: Float32Array;
}

/**
 * The affine map that a BatchNormalization is at inference.
 *
 * @param node The BatchNormalization layer.
 * @returns Scale and shift per channel.
 */
export function batchNormAffine(node: LayerNode): Affine {
  const { weights, config } = node;
  const variance = weights.get("moving_variance")!.values;
  const mean = weights.get("moving_mean")!.values;
  const gamma = weights.get("gamma")?.values;
  const beta = weights.get("beta")?.values;
  const epsilon = Number(config.epsilon ?? 1e-3);
  const scale = Float32Array.from(
    variance,
    (value, channel) => (gamma?.[channel] ?? 1) / Math.sqrt(value + epsilon),
  );
  const shift = scale.map((factor, channel) => (beta?.[channel] ?? 0) - mean[channel] * factor);
  return { scale, shift };
}

/**
 * How far from zero the values are that a BatchNormalization has seen: a deviation beside their mean.
 *
 * @param node The BatchNormalization layer.
 * @returns |mean| + √(variance + ε), per channel.
 */
export function valueReach({ weights, config }: LayerNode): Float32Array {
  const mean = weights.get("moving_mean")!.values;
  const epsilon = Number(config.epsilon ?? 1e-3);
  return Float32Array.from(
    weights.get("moving_variance")!.values,
    (variance, channel) => Math.abs(mean[channel]) + Math.sqrt(variance + epsilon),
  );
}

/** Whether a layer normalizes the last axis, which holds the channels. */
export function isChannelNorm({ className, calls, config, outputShape }: LayerNode): boolean {
  return className === "BatchNormalization" && calls === 1 &&
    isLastAxis(config.axis ?? -1, outputShape.length);
}

const CONVOLUTIONS = new Set(["Conv1D", "Conv2D", "DepthwiseConv2D"]);

/** Whether a layer is a product with a kernel whose last axis, or last two for a depthwise one, are its outputs. */
export function isLinearMap(node: LayerNode): boolean {
  if (node.calls > 1) return false;
  if (node.className === "Dense") return true;
  const { data_format, groups, padding } = node.config;
  return CONVOLUTIONS.has(node.className) && Number(groups ?? 1) === 1 &&
    data_format !== "channels_first" && padding !== "causal";
}

/** Whether a layer multiplies what it reads by its kernel without any padding, so that an affine map can go into it. */
export function readsUnpadded(node: LayerNode): boolean {
  if (!isLinearMap(node)) return false;
  const [height, width] = planeOf(node, "kernel_size");
  return node.className === "Dense" || node.config.padding === "valid" || height * width === 1;
}

/** Whether a layer has no activation of its own. */
export function isWithoutActivation(node: LayerNode): boolean {
  return activationOf(node) === "linear";
}

function kernelOf(node: LayerNode): [role: string, kernel: Weight] {
  const role = node.weights.has("depthwise_kernel") ? "depthwise_kernel" : "kernel";
  return [role, node.weights.get(role)!];
}

function withKernel(node: LayerNode, values: Float32Array, bias: Float32Array): LayerNode {
  const [role, kernel] = kernelOf(node);
  const weights = new Map(node.weights).set(role, { ...kernel, values });
  return withBias({ ...node, weights }, bias);
}

function withBias(node: LayerNode, values: Float32Array): LayerNode {
  const bias: Weight = {
    name: `${node.name}/bias`,
    shape: [values.length],
    dtype: "float32",
    values,
  };
  const weights = new Map(node.weights).set("bias", bias);
  return { ...node, weights, config: { ...node.config, use_bias: true } };
}

/**
 * Takes an affine map behind a layer into it: (x·W + b)·scale + shift = x·(W·scale) + (b·scale + shift).
 *
 * @param node A layer that {@link isLinearMap}, without activation.
 * @param affine The map, per output channel.
 * @returns The layer with other weights; the given one is unchanged.
 */
export function scaleOutputs(node: LayerNode, { scale, shift }: Affine): LayerNode {
  const kernel = kernelOf(node)[1].values as Float32Array;
  const bias = node.weights.get("bias")?.values;
  return withKernel(
    node,
    kernel.map((value, index) => value * scale[index % scale.length]),
    shift.map((value, output) => value + (bias?.[output] ?? 0) * scale[output]),
  );
}

/**
 * Takes an affine map in front of a layer into it: (x·scale + shift)·W + b = x·(scale·W) + (shift·W + b).
 *
 * @param node A layer that {@link readsUnpadded}: where zeros were padded, the shift would be missing.
 * @param affine The map, per input channel.
 * @returns The layer with other weights; the given one is unchanged.
 */
export function scaleInputs(node: LayerNode, { scale, shift }: Affine): LayerNode {
  const { shape, values } = kernelOf(node)[1];
  const [inputs, outputs] = shape.slice(-2);
  const isDepthwise = node.className === "DepthwiseConv2D";
  const bias = Float64Array.from(
    node.weights.get("bias")?.values ?? new Float32Array(isDepthwise ? inputs * outputs : outputs),
  );
  const scaled = (values as Float32Array).map((value, index) => {
    const input = Math.floor(index / outputs) % inputs;
    bias[isDepthwise ? index % bias.length : index % outputs] += shift[input] * value;
    return value * scale[input];
  });
  return withKernel(node, scaled, Float32Array.from(bias));
}

/**
 * A BatchNormalization over images as a 1×1 depthwise convolution.
 *
 * @param node The layer.
 * @returns A layer of the same name and place that computes the same.
 */
export function asDepthwise(node: LayerNode): LayerNode {
  const { scale, shift } = batchNormAffine(node);
  const { name, trainable, batch_input_shape } = node.config;
  const kernel: Weight = {
    name: `${node.name}/depthwise_kernel`,
    shape: [1, 1, scale.length, 1],
    dtype: "float32",
    values: scale,
  };
  return withBias({
    ...node,
    className: "DepthwiseConv2D",
    config: {
      name,
      ...(trainable !== undefined && { trainable }),
      ...(batch_input_shape && { batch_input_shape }),
      kernel_size: [1, 1],
      strides: [1, 1],
      padding: "valid",
      data_format: "channels_last",
      dilation_rate: [1, 1],
      depth_multiplier: 1,
      activation: "linear",
    },
    weights: new Map([["depthwise_kernel", kernel]]),
  }, shift);
}

/**
 * What a layer that is an activation is called as the `activation` argument of another.
 *
 * @param node Any layer.
 * @returns The argument; undefined when the layer is no activation, or one that has no name.
 */
export function activationArgument(node: LayerNode): unknown {
  const { className, config, calls, outputShape } = node;
  if (calls > 1) return undefined;
  switch (className) {
    case "Activation":
      return config.activation;
    case "ELU":
      return Number(config.alpha ?? 1) === 1 ? "elu" : undefined;
    case "Softmax":
      return [-1, outputShape.length].includes(Number(config.axis ?? -1)) ? "softmax" : undefined;
    case "ReLU": {
      if (Number(config.negative_slope ?? 0) !== 0 || Number(config.threshold ?? 0) !== 0) {
        return undefined;
      }
      const limit = config.max_value ?? Infinity;
      return limit === Infinity ? "relu" : Number(limit) === 6 ? "relu6" : undefined;
    }
  }
}

/** A layer with an activation of its own in the place of the layer behind it. */
export function withActivation(node: LayerNode, activation: unknown): LayerNode {
  return { ...node, config: { ...node.config, activation } };
}
