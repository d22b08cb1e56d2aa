import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

type Shape4D = [number, number, number, number];

/**
 * The kernel of tfjs that computes the gradient of max pooling. That of tfjs-backend-wasm 4.22 loses it wherever a
 * window holds no positive value.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for types other than float32.
 * @returns What `tf.registerKernel` wants.
 */
export function maxPoolGradientConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const { dy, input } = call.inputs as Record<"dy" | "input", tf.TensorInfo>;
      if (input.dtype !== "float32") return stock.kernelFunc(call);
      const attributes = call.attrs as object as tf.MaxPoolGradAttrs;
      const window = tf.backend_util.computePool2DInfo(
        input.shape as Shape4D,
        attributes.filterSize,
        attributes.strides,
        1,
        attributes.pad,
        attributes.dimRoundingMode,
      );
      const { memory, wasm } = kernels;
      const [dyAt, xAt] = [memory.tensorPointer(dy), memory.tensorPointer(input)];
      const dx = memory.makeTensor(input.shape);
      wasm.maxPoolGradient(
        dyAt,
        xAt,
        window.batchSize,
        window.inHeight,
        window.inWidth,
        window.inChannels,
        window.outHeight,
        window.outWidth,
        window.filterHeight,
        window.filterWidth,
        window.strideHeight,
        window.strideWidth,
        window.padInfo.top,
        window.padInfo.left,
        dx.pointer,
      );
      return dx.tensor;
    },
  };
}
