import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerNode, planeOf } from "../graph/mod.ts";
import type { Weight } from "../model/mod.ts";
import {
  type Affine,
  applyActivation,
  batchNormAffine,
  fusableActivation,
  type FusedActivation,
  type Operation,
} from "./steps.ts";

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
  const shape = kernel.shape.length === 3 ? [1, ...kernel.shape] : kernel.shape;
  return {
    filter: tf.tensor4d(folded.values, shape as [number, number, number, number]),
    bias: folded.bias && tf.tensor1d(folded.bias),
    fused,
    later: activationNode || isOwnFusable ? "linear" : own,
  };
}

/** Runs what is meant for images on sequences too, as images of one row. */
function onImages(
  run: (images: tf.Tensor4D) => tf.Tensor4D,
): (x: tf.Tensor) => tf.Tensor {
  return (x) =>
    x.rank === 4 ? run(x as tf.Tensor4D) : run(x.expandDims(1) as tf.Tensor4D).squeeze([1]);
}

/**
 * A convolution or depthwise convolution with the BatchNormalization and the ReLU behind it folded in.
 *
 * @param chain The Conv1D, Conv2D or DepthwiseConv2D, then what is folded into it: at most a BatchNormalization and an
 * activation that {@link fusableActivation} knows.
 * @returns The operation, which holds folded copies of the weights.
 */
export function convolutionOperation(chain: readonly LayerNode[]): Operation {
  const [node] = chain;
  const isDepthwise = node.className === "DepthwiseConv2D";
  const kernel = node.weights.get("depthwise_kernel") ?? node.weights.get("kernel")!;
  const { filter, bias, fused, later } = fuse(chain, kernel);
  const settings = {
    filter,
    bias,
    strides: planeOf(node, "strides"),
    pad: node.config.padding as "same" | "valid",
    // TensorFlow.js' own layer ignores what is said of a depthwise convolution's dilation.
    dilations: isDepthwise ? 1 : planeOf(node, "dilation_rate"),
    activation: fused,
  };
  const convolve = onImages((x) =>
    isDepthwise ? tf.fused.depthwiseConv2d({ x, ...settings }) : tf.fused.conv2d({ x, ...settings })
  );
  return {
    run: ([x]) => [applyActivation(convolve(x), later)],
    dispose: () => tf.dispose([filter, ...(bias ? [bias] : [])]),
  };
}

/**
 * A Conv2DTranspose.
 *
 * @param node The layer; its output has a fixed size.
 * @returns The operation.
 */
export function transposedOperation(node: LayerNode): Operation {
  const kernel = node.weights.get("kernel")!;
  const filter = tf.tensor4d(
    kernel.values as Float32Array,
    kernel.shape as [number, number, number, number],
  );
  const values = node.weights.get("bias")?.values as Float32Array | undefined;
  const bias = values && tf.tensor1d(values);
  return {
    run: ([x]) => {
      const shape = [x.shape[0], ...node.outputShape] as [number, number, number, number];
      const output = tf.conv2dTranspose(
        x as tf.Tensor4D,
        filter,
        shape,
        planeOf(node, "strides"),
        node.config.padding as "same" | "valid",
      );
      return [applyActivation(bias ? output.add(bias) : output, activationOf(node))];
    },
    dispose: () => tf.dispose([filter, ...(bias ? [bias] : [])]),
  };
}

/**
 * A BatchNormalization that no convolution can take in, with the ReLU behind it, as a 1×1 depthwise convolution:
 * on the WASM backend that is several times as fast as the two (figures: bench/results/forward.md).
 *
 * @param chain The BatchNormalization over images or sequences, then at most a fusable activation.
 * @returns The operation.
 */
export function affineOperation(chain: readonly LayerNode[]): Operation {
  const { scale, shift } = batchNormAffine(chain[0]);
  const filter = tf.tensor4d(scale, [1, 1, scale.length, 1]);
  const bias = tf.tensor1d(shift);
  const activation = chain.length > 1 ? fusableActivation(chain[1])! : "linear";
  const scaled = onImages((x) =>
    tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: "valid", bias, activation })
  );
  return {
    run: ([x]) => [scaled(x)],
    dispose: () => tf.dispose([filter, bias]),
  };
}
