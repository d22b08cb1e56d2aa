import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerNode, pairOf } from "../graph/mod.ts";
import type { Weight } from "../model/mod.ts";

/** Runs one or more neighbouring layers at once. */
export interface Operation {
  /** Computes the outputs; the caller owns them and keeps the inputs. */
  run(inputs: tf.Tensor[]): tf.Tensor[];
  /** Frees the weights that the operation holds. */
  dispose(): void;
}

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

type FusedActivation = "linear" | "relu" | "relu6";

/** The activation as the backend can fuse it into a convolution, if it can. */
export function fusableActivation(node: LayerNode): FusedActivation | undefined {
  if (node.className === "Activation") {
    const activation = activationOf(node);
    return activation === "relu" || activation === "relu6" ? activation : undefined;
  }
  if (node.className !== "ReLU") return undefined;
  const { max_value, negative_slope, threshold } = node.config;
  if (Number(negative_slope ?? 0) !== 0 || Number(threshold ?? 0) !== 0) return undefined;
  if (max_value === undefined || max_value === null) return "relu";
  return Number(max_value) === 6 ? "relu6" : undefined;
}

function applyActivation(x: tf.Tensor, activation: string): tf.Tensor {
  if (activation === "linear") return x;
  const layer = tf.layers.activation({ activation: activation as "relu" });
  return layer.apply(x) as tf.Tensor;
}

interface FusedWeights {
  filter: tf.Tensor4D;
  bias: tf.Tensor1D | undefined;
  /** Fused into the backend's convolution. */
  fused: FusedActivation;
  /** Applied behind it. */
  later: string;
}

/** Scales the last `affine.scale.length` axis of a kernel and merges bias and shift. */
function foldWeights(
  kernel: Weight,
  bias: Weight | undefined,
  affine: Affine | undefined,
): { values: Float32Array; bias: Float32Array | undefined } {
  const values = kernel.values as Float32Array;
  const oldBias = bias?.values as Float32Array | undefined;
  if (affine === undefined) return { values, bias: oldBias };
  const { scale, shift } = affine;
  const width = scale.length;
  return {
    values: values.map((value, index) => value * scale[index % width]),
    bias: shift.map((value, channel) => value + (oldBias?.[channel] ?? 0) * scale[channel]),
  };
}

function fuse(chain: readonly LayerNode[], kernel: Weight): FusedWeights {
  const [first, ...rest] = chain;
  const norm = rest.find((node) => node.className === "BatchNormalization");
  const activationNode = rest.find((node) => node.className !== "BatchNormalization");
  const folded = foldWeights(kernel, first.weights.get("bias"), norm && batchNormAffine(norm));
  const own = activationOf(first);
  const isOwnFusable = own === "linear" || own === "relu" || own === "relu6";
  const fused = activationNode
    ? fusableActivation(activationNode)!
    : isOwnFusable
    ? own as FusedActivation
    : "linear";
  return {
    filter: tf.tensor4d(folded.values, kernel.shape as [number, number, number, number]),
    bias: folded.bias && tf.tensor1d(folded.bias),
    fused,
    later: activationNode || isOwnFusable ? "linear" : own,
  };
}

/**
 * A convolution or depthwise convolution with the BatchNormalization and the ReLU behind it folded in.
 *
 * @param chain The convolution, then what is folded into it: at most a BatchNormalization and an activation that
 * {@link fusableActivation} knows.
 * @returns The operation, which holds folded copies of the weights.
 */
export function convolutionOperation(chain: readonly LayerNode[]): Operation {
  const [node] = chain;
  const isDepthwise = node.className === "DepthwiseConv2D";
  const kernel = node.weights.get("depthwise_kernel") ?? node.weights.get("kernel")!;
  const { filter, bias, fused, later } = fuse(chain, kernel);
  const convolve = isDepthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
  const settings = {
    filter,
    bias,
    strides: pairOf(node.config.strides, 1),
    pad: node.config.padding as "same" | "valid",
    dilations: pairOf(node.config.dilation_rate, 1),
    activation: fused,
  };
  return {
    run: ([x]) => [applyActivation(convolve({ x: x as tf.Tensor4D, ...settings }), later)],
    dispose: () => tf.dispose([filter, ...(bias ? [bias] : [])]),
  };
}

/**
 * A BatchNormalization that no convolution can take in, with the ReLU behind it, as a 1×1 depthwise convolution:
 * on the WASM backend that is several times as fast as the two (figures: bench/results/forward.md).
 *
 * @param chain The BatchNormalization over NHWC images, then at most a fusable activation.
 * @returns The operation.
 */
export function affineOperation(chain: readonly LayerNode[]): Operation {
  const { scale, shift } = batchNormAffine(chain[0]);
  const filter = tf.tensor4d(scale, [1, 1, scale.length, 1]);
  const bias = tf.tensor1d(shift);
  const activation = chain.length > 1 ? fusableActivation(chain[1])! : "linear";
  return {
    run: ([x]) => [
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter,
        strides: 1,
        pad: "valid",
        bias,
        activation,
      }),
    ],
    dispose: () => tf.dispose([filter, bias]),
  };
}

/** A Dense layer over the last axis. */
export function denseOperation(node: LayerNode): Operation {
  const kernel = node.weights.get("kernel")!;
  const weights = tf.tensor2d(kernel.values as Float32Array, kernel.shape as [number, number]);
  const biasValues = node.weights.get("bias")?.values as Float32Array | undefined;
  const bias = biasValues && tf.tensor1d(biasValues);
  return {
    run: ([x]) => {
      const rows = x.reshape([-1, kernel.shape[0]]) as tf.Tensor2D;
      const product = tf.fused.matMul({ a: rows, b: weights, bias });
      const output = product.reshape([...x.shape.slice(0, -1), kernel.shape[1]]);
      return [applyActivation(output, activationOf(node))];
    },
    dispose: () => tf.dispose([weights, ...(bias ? [bias] : [])]),
  };
}

/** Any other layer, as TensorFlow.js runs it at inference. */
export function layerOperation(layer: tf.layers.Layer): Operation {
  return {
    run: (inputs) => {
      const outputs = layer.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false });
      return Array.isArray(outputs) ? outputs as tf.Tensor[] : [outputs as tf.Tensor];
    },
    dispose: () => {},
  };
}

/** Receives a batch's moments at a BatchNormalization: sums over images and positions, and their number. */
export type MomentSink = (
  layer: string,
  sums: Float32Array,
  squares: Float32Array,
  count: number,
) => void;

/**
 * A BatchNormalization that normalizes with the statistics of the batch, as in training, and reports them.
 *
 * @param node The layer.
 * @param report Receives the sums of every batch.
 * @returns The operation.
 */
export function batchStatisticsOperation(node: LayerNode, report: MomentSink): Operation {
  const epsilon = Number(node.config.epsilon ?? 1e-3);
  const vector = (role: string) => {
    const weight = node.weights.get(role);
    return weight && tf.tensor1d(weight.values as Float32Array);
  };
  const gamma = vector("gamma");
  const beta = vector("beta");
  return {
    run: ([x]) => {
      const channels = x.shape.at(-1)!;
      const count = x.size / channels;
      const { mean, variance } = tf.moments(x, x.shape.map((_, axis) => axis).slice(0, -1));
      const means = mean.dataSync() as Float32Array;
      const variances = variance.dataSync() as Float32Array;
      const sums = means.map((value) => value * count);
      const squares = variances.map((value, c) => (value + means[c] * means[c]) * count);
      report(node.key, sums, squares, count);
      return [
        tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, epsilon),
      ];
    },
    dispose: () => tf.dispose([...(gamma ? [gamma] : []), ...(beta ? [beta] : [])]),
  };
}
