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
  };
  const convolve = (activation: FusedActivation) =>
    onImages((x) =>
      isDepthwise
        ? tf.fused.depthwiseConv2d({ x, ...settings, activation })
        : tf.fused.conv2d({ x, ...settings, activation })
    );
  const [runFused, run] = [convolve(fused), convolve("linear")];
  return {
    run: ([x]) => [applyActivation(runFused(x), later)],
    product: {
      activation,
      run,
      backward: isDepthwise
        ? (x, gradient) => tf.grad(run)(x, gradient)
        : (x, gradient) => convolutionBackward(node, filter, x, gradient),
    },
    dispose: () => tf.dispose([filter, ...(bias ? [bias] : [])]),
  };
}

/** The gradient of a convolution with respect to what it reads: a transposed convolution of that of its outputs. */
function convolutionBackward(
  node: LayerNode,
  filter: tf.Tensor4D,
  x: tf.Tensor,
  gradient: tf.Tensor,
): tf.Tensor {
  const [images, gradients] = [x, gradient].map((tensor) =>
    (tensor.rank === 4 ? tensor : tensor.expandDims(1)) as tf.Tensor4D
  );
  const padding = node.config.padding as "same" | "valid";
  const dilations = planeOf(node, "dilation_rate");
  const result = dilations.some((dilation) => dilation > 1)
    ? dilatedBackward(filter, gradients, dilations, padding)
    : tf.conv2dTranspose(gradients, filter, images.shape, planeOf(node, "strides"), padding);
  return result.reshape(x.shape);
}

/** That of a dilated convolution, which has no strides: a convolution with the kernel turned around, as dilated. */
function dilatedBackward(
  filter: tf.Tensor4D,
  gradient: tf.Tensor4D,
  dilations: [number, number],
  padding: "same" | "valid",
): tf.Tensor {
  const margins = dilations.map((dilation, axis): [number, number] => {
    const reach = dilation * (filter.shape[axis] - 1);
    const before = padding === "same" ? Math.floor(reach / 2) : 0;
    const behind = padding === "same" ? reach - before : 0;
    return [reach - before, reach - behind];
  });
  const turned = tf.reverse(filter, [0, 1]).transpose<tf.Tensor4D>([0, 1, 3, 2]);
  const padded = tf.pad(gradient, [[0, 0], ...margins, [0, 0]]);
  return tf.conv2d(padded, turned, 1, "valid", "NHWC", dilations);
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
  const activation = activationOf(node);
  const [strides, padding] = [planeOf(node, "strides"), node.config.padding as "same" | "valid"];
  const run = (x: tf.Tensor) => {
    const shape = [x.shape[0], ...node.outputShape] as [number, number, number, number];
    const output = tf.conv2dTranspose(x as tf.Tensor4D, filter, shape, strides, padding);
    return bias ? output.add(bias) : output;
  };
  const backward = (_: tf.Tensor, gradient: tf.Tensor) =>
    tf.conv2d(gradient as tf.Tensor4D, filter, strides, padding);
  return {
    run: ([x]) => [applyActivation(run(x), activation)],
    product: { activation, run, backward },
    dispose: () => tf.dispose([filter, ...(bias ? [bias] : [])]),
  };
}
