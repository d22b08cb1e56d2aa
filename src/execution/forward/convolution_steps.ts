import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerNode, planeOf } from "../../graph/mod.ts";
import { applyActivation, type Operation } from "./steps.ts";

/** Activations that the backend can fuse into a convolution. */
type FusedActivation = "linear" | "relu" | "relu6";

function isFused(activation: string): activation is FusedActivation {
  return activation === "linear" || activation === "relu" || activation === "relu6";
}

/** Runs what is meant for images on sequences too, as images of one row. */
function onImages(
  run: (images: tf.Tensor4D) => tf.Tensor4D,
): (x: tf.Tensor) => tf.Tensor {
  return (x) =>
    x.rank === 4 ? run(x as tf.Tensor4D) : run(x.expandDims(1) as tf.Tensor4D).squeeze([1]);
}

/**
 * A convolution or depthwise convolution with its bias and activation.
 *
 * @param node The Conv1D, Conv2D or DepthwiseConv2D.
 * @returns The operation, which holds copies of the weights.
 */
export function convolutionOperation(node: LayerNode): Operation {
  const isDepthwise = node.className === "DepthwiseConv2D";
  const kernel = node.weights.get("depthwise_kernel") ?? node.weights.get("kernel")!;
  const shape = kernel.shape.length === 3 ? [1, ...kernel.shape] : kernel.shape;
  const filter = tf.tensor4d(
    kernel.values as Float32Array,
    shape as [number, number, number, number],
  );
  const biasValues = node.weights.get("bias")?.values as Float32Array | undefined;
  const bias = biasValues && tf.tensor1d(biasValues);
  const activation = activationOf(node);
  const [fused, later] = isFused(activation)
    ? [activation, "linear"]
    : ["linear" as const, activation];
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
