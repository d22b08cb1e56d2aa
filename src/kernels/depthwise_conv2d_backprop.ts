import * as tf from "@tensorflow/tfjs";
import { depthwiseShape } from "./depthwise_conv2d.ts";
import type { Kernels } from "./load.ts";

type Shape4D = [number, number, number, number];

/** What both depthwise gradients need of the convolution, apart from shapes. */
type ConvolutionAttributes = Pick<
  tf.DepthwiseConv2dNativeBackpropInputAttrs,
  "strides" | "dilations" | "pad" | "dimRoundingMode"
>;

/** Geometry of a depthwise convolution, in the order in which the kernels want it. */
function describeConvolution(
  inputShape: Shape4D,
  filterShape: Shape4D,
  attributes: ConvolutionAttributes,
) {
  const window = depthwiseShape(inputShape, filterShape, attributes);
  const flattened = [
    window.batchSize,
    window.inHeight,
    window.inWidth,
    window.inChannels,
    window.outChannels / window.inChannels,
    window.outHeight,
    window.outWidth,
    window.filterHeight,
    window.filterWidth,
    window.strideHeight,
    window.strideWidth,
    window.dilationHeight,
    window.dilationWidth,
    window.padInfo.top,
    window.padInfo.left,
  ] as const;
  const extents = [
    window.inWidth,
    window.outChannels,
    window.filterHeight,
    window.filterWidth,
  ] as const;
  return { flattened, extents };
}

/**
 * The kernel of tfjs that computes the gradient of a depthwise convolution in its input, for any window, dilation
 * included.
 *
 * @param kernels The kernels.
 * @returns What `tf.registerKernel` wants.
 */
export function depthwiseConv2dBackpropInputConfig(kernels: Kernels): tf.KernelConfig {
  return {
    kernelName: tf.DepthwiseConv2dNativeBackpropInput,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { dy, filter } = inputs as Record<"dy" | "filter", tf.TensorInfo>;
      const attributes = attrs as object as tf.DepthwiseConv2dNativeBackpropInputAttrs;
      const { inputShape } = attributes;
      const filterShape = filter.shape as Shape4D;
      const { flattened, extents } = describeConvolution(inputShape, filterShape, attributes);
      const { memory, wasm } = kernels;
      const workspace = wasm.depthwiseConv2dBackpropInputWorkspaceBytes(...extents);
      return memory.withScratch({ workspace }, (at) => {
        const [dyAt, filterAt] = [memory.tensorPointer(dy), memory.tensorPointer(filter)];
        const dx = memory.makeTensor(inputShape);
        wasm.depthwiseConv2dBackpropInput(dyAt, filterAt, ...flattened, dx.pointer, at.workspace);
        return dx.tensor;
      });
    },
  };
}

/**
 * The kernel of tfjs that computes the gradient of a depthwise convolution in its filter, for any window, dilation
 * included.
 *
 * @param kernels The kernels.
 * @returns What `tf.registerKernel` wants.
 */
export function depthwiseConv2dBackpropFilterConfig(kernels: Kernels): tf.KernelConfig {
  return {
    kernelName: tf.DepthwiseConv2dNativeBackpropFilter,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as Record<"x" | "dy", tf.TensorInfo>;
      const attributes = attrs as object as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
      const { filterShape } = attributes;
      const inputShape = x.shape as Shape4D;
      const { flattened, extents } = describeConvolution(inputShape, filterShape, attributes);
      const { memory, wasm } = kernels;
      const workspace = wasm.depthwiseConv2dBackpropFilterWorkspaceBytes(...extents);
      return memory.withScratch({ workspace }, (at) => {
        const [xAt, dyAt] = [memory.tensorPointer(x), memory.tensorPointer(dy)];
        const dw = memory.makeTensor(filterShape);
        wasm.depthwiseConv2dBackpropFilter(xAt, dyAt, ...flattened, dw.pointer, at.workspace);
        return dw.tensor;
      });
    },
  };
}
