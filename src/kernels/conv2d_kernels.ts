import * as tf from "@tensorflow/tfjs";
import { type ClampActivation, CLAMPS, convolve } from "./conv2d.ts";
import { convolutionFilterGradient } from "./conv2d_backprop_filter.ts";
import { convolutionInputGradient } from "./conv2d_backprop_input.ts";
import type { ConvolutionShape } from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";

type Quad = [number, number, number, number];

/** Inputs that tfjs never leaves out. */
type Inputs<Name extends string> = Record<Name, tf.TensorInfo>;

type FusedInputs = Inputs<"x" | "filter"> & {
  readonly bias?: tf.TensorInfo;
  readonly preluActivationWeights?: tf.TensorInfo;
};

/** The attributes that all kernels of a convolution share. */
interface Attributes {
  readonly strides: [number, number] | number;
  readonly pad: tf.Conv2DAttrs["pad"];
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** The shape of an NHWC convolution, or undefined where our kernels do not answer. */
function shapeOf(
  inputShape: number[],
  filterShape: number[],
  attributes: Attributes,
): ConvolutionShape | undefined {
  if ((attributes.dataFormat ?? "NHWC") !== "NHWC") return undefined;
  const shape = tf.backend_util.computeConv2DInfo(
    inputShape as Quad,
    filterShape as Quad,
    attributes.strides,
    attributes.dilations ?? 1,
    attributes.pad,
    attributes.dimRoundingMode,
  );
  const sizes = [...shape.inShape, ...shape.outShape, ...shape.filterShape];
  return sizes.every((size) => size > 0) ? shape : undefined;
}

/** Output pixels from which on ours is the faster one. */
const FEW_PIXELS = 8;

/**
 * Whether stock tfjs-wasm 4.22 is to convolve forward: ours packs the filter at every call, which takes as long as some
 * pixels; stock keeps it packed.
 *
 * Stock is wrong for `same` padding where an axis of a kernel of several taps is shorter than its stride.
 */
function prefersStock(shape: ConvolutionShape, isSame: boolean): boolean {
  if (shape.batchSize * shape.outHeight * shape.outWidth >= FEW_PIXELS) return false;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = shape;
  const isShort = filterHeight < strideHeight || filterWidth < strideWidth;
  const isStockWrong = isSame && isShort && filterHeight * filterWidth > 1;
  return !isStockWrong;
}

function areFloats(...tensors: (tf.TensorInfo | undefined)[]): boolean {
  return tensors.every((tensor) => tensor === undefined || tensor.dtype === "float32");
}

/**
 * The kernel of tfjs that convolves.
 *
 * @param kernels The kernels.
 * @param stock What answers for other layouts than NHWC.
 * @returns What `tf.registerKernel` wants.
 */
export function conv2dConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const { x, filter } = call.inputs as Inputs<"x" | "filter">;
      const attributes = call.attrs as object as Attributes;
      const shape = shapeOf(x.shape, filter.shape, attributes);
      const isSame = attributes.pad === "same";
      if (!shape || !areFloats(x, filter) || prefersStock(shape, isSame)) {
        return stock.kernelFunc(call);
      }
      return convolve(kernels, { x, filter }, shape);
    },
  };
}

/**
 * The kernel of tfjs that convolves, adds a bias and applies an activation.
 *
 * @param kernels The kernels.
 * @param stock What answers for other layouts than NHWC, and for activations that are not in {@link CLAMPS}.
 * @returns What `tf.registerKernel` wants.
 */
export function fusedConv2dConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const { x, filter, bias, preluActivationWeights } = call.inputs as FusedInputs;
      const { activation } = call.attrs as object as tf.FusedConv2DAttrs;
      const attributes = call.attrs as object as Attributes;
      const shape = shapeOf(x.shape, filter.shape, attributes);
      const isCovered = shape && Object.hasOwn(CLAMPS, activation) && !preluActivationWeights &&
        areFloats(x, filter, bias) && hasBiasPerChannel(bias, shape) &&
        !prefersStock(shape, attributes.pad === "same");
      if (!isCovered) return stock.kernelFunc(call);
      return convolve(kernels, { x, filter, bias }, shape, {
        activation: activation as ClampActivation,
      });
    },
  };
}

function hasBiasPerChannel(bias: tf.TensorInfo | undefined, shape: ConvolutionShape): boolean {
  return !bias || (bias.shape.length === 1 && bias.shape[0] === shape.outChannels);
}

/**
 * The kernel of tfjs that computes a convolution's gradient in its input.
 *
 * @param kernels The kernels.
 * @param stock What answers for other layouts than NHWC.
 * @returns What `tf.registerKernel` wants.
 */
export function conv2dBackpropInputConfig(
  kernels: Kernels,
  stock: tf.KernelConfig,
): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const { dy, filter } = call.inputs as Inputs<"dy" | "filter">;
      const { inputShape, ...attributes } = call.attrs as object as tf.Conv2DBackpropInputAttrs;
      const shape = shapeOf(inputShape, filter.shape, attributes);
      if (!shape || !areFloats(dy, filter)) return stock.kernelFunc(call);
      // A transposed convolution may be given more rows and columns than its output accounts for.
      const { outHeight, outWidth } = shape;
      if (dy.shape[1] !== outHeight || dy.shape[2] !== outWidth) return stock.kernelFunc(call);
      return convolutionInputGradient(kernels, { dy, filter }, shape);
    },
  };
}

/**
 * The kernel of tfjs that computes a convolution's gradient in its filter, which the WASM backend lacks.
 *
 * @param kernels The kernels.
 * @returns What `tf.registerKernel` wants. The kernel throws a TypeError for layouts other than NHWC.
 */
export function conv2dBackpropFilterConfig(kernels: Kernels): tf.KernelConfig {
  return {
    kernelName: tf.Conv2DBackpropFilter,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as Inputs<"x" | "dy">;
      const { filterShape, ...attributes } = attrs as object as tf.Conv2DBackpropFilterAttrs;
      if (attributes.dataFormat !== "NHWC" || !areFloats(x, dy)) {
        throw new TypeError(
          `differentiate a convolution by its filter: ${attributes.dataFormat} inputs of type ` +
            `${x.dtype} and ${dy.dtype}, wanted NHWC and float32`,
        );
      }
      const shape = shapeOf(x.shape, filterShape, attributes);
      if (!shape) {
        const { tensor, pointer } = kernels.memory.makeTensor(filterShape);
        kernels.memory.f32(pointer, tensor.size).fill(0);
        return tensor;
      }
      return convolutionFilterGradient(kernels, x, dy, shape);
    },
  };
}
