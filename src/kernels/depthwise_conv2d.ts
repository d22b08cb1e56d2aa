import * as tf from "@tensorflow/tfjs";
import { type ClampActivation, CLAMPS } from "./conv2d.ts";
import type { Kernels } from "./load.ts";

type Shape4D = [number, number, number, number];

/** The attributes that all kernels of a depthwise convolution share. The layer of TensorFlow.js gives null for dilations. */
type DepthwiseAttributes =
  & Pick<tf.DepthwiseConv2dNativeAttrs, "strides" | "pad">
  & Partial<Pick<tf.DepthwiseConv2dNativeAttrs, "dimRoundingMode" | "dataFormat">>
  & { readonly dilations?: [number, number] | number | null };

/**
 * A depthwise convolution over NHWC images, as TensorFlow.js describes it.
 *
 * @param inputShape Shape of the images.
 * @param filterShape Shape of the filter, kh × kw × c × multiplier.
 * @param attributes Strides, padding and dilations.
 * @returns Its sizes.
 */
export function depthwiseShape(
  inputShape: number[],
  filterShape: number[],
  { strides, dilations, pad, dimRoundingMode }: DepthwiseAttributes,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
}

type Inputs = Record<"x" | "filter", tf.TensorInfo> & {
  readonly bias?: tf.TensorInfo;
  readonly preluActivationWeights?: tf.TensorInfo;
};

/** What a depthwise convolution is made of. */
interface Depthwise extends Inputs {
  readonly shape: tf.backend_util.Conv2DInfo;
  readonly activation: ClampActivation;
}

function convolve({ memory, wasm }: Kernels, depthwise: Depthwise): tf.Tensor {
  const { x, filter, bias, shape, activation } = depthwise;
  const { inChannels, outWidth, filterHeight, filterWidth } = shape;
  const [lowest, highest] = CLAMPS[activation];
  const bytes = wasm.depthwiseConv2dWorkspaceBytes(outWidth, inChannels, filterHeight, filterWidth);
  return memory.withScratch({ workspace: bytes }, ({ workspace }) => {
    const [xAt, filterAt, biasAt] = [x, filter, bias].map((tensor) =>
      tensor ? memory.tensorPointer(tensor) : 0
    );
    const output = memory.makeTensor(shape.outShape);
    wasm.depthwiseConv2d(
      xAt,
      filterAt,
      biasAt,
      shape.batchSize,
      shape.inHeight,
      shape.inWidth,
      inChannels,
      shape.outHeight,
      outWidth,
      filterHeight,
      filterWidth,
      shape.strideHeight,
      shape.strideWidth,
      shape.dilationHeight,
      shape.dilationWidth,
      shape.padInfo.top,
      shape.padInfo.left,
      lowest,
      highest,
      output.pointer,
      workspace,
    );
    return output.tensor;
  });
}

/**
 * Whether ours is to convolve: one output for each channel, and more than one tap. Where BatchNormalization has become a
 * filter of one tap, stock reads its weights once for several pixels.
 */
function isCovered(inputs: Inputs, shape: tf.backend_util.Conv2DInfo): boolean {
  const { x, filter, bias, preluActivationWeights } = inputs;
  const { inChannels, outChannels, filterHeight, filterWidth } = shape;
  const areFloats = [x, filter, bias].every((tensor) => !tensor || tensor.dtype === "float32");
  const isBiasPerChannel = !bias || bias.shape.length === 1 && bias.shape[0] === outChannels;
  const isEmpty = [...shape.inShape, ...shape.outShape].includes(0);
  return areFloats && isBiasPerChannel && !preluActivationWeights && !isEmpty &&
    outChannels === inChannels && filterHeight * filterWidth > 1;
}

/**
 * The kernels of tfjs that convolve depthwise, with a bias and an activation or without.
 *
 * @param kernels The kernels.
 * @param stock What answers for several outputs of a channel, for a single tap, for other layouts than NHWC, and for
 *   activations that are not in {@link CLAMPS}.
 * @returns What `tf.registerKernel` wants.
 */
export function depthwiseConv2dConfig(
  kernels: Kernels,
  stock: tf.KernelConfig,
): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const inputs = call.inputs as object as Inputs;
      const attributes = call.attrs as object as DepthwiseAttributes & { activation?: string };
      const { activation = "linear", dataFormat = "NHWC" } = attributes;
      if (dataFormat !== "NHWC" || !Object.hasOwn(CLAMPS, activation)) {
        return stock.kernelFunc(call);
      }
      const shape = depthwiseShape(inputs.x.shape, inputs.filter.shape, attributes);
      if (!isCovered(inputs, shape)) return stock.kernelFunc(call);
      return convolve(kernels, { ...inputs, shape, activation: activation as ClampActivation });
    },
  };
}
