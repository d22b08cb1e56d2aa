import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/**
 * The kernel of tfjs that adds two tensors, for floats of equal shape, as at the end of a residual branch and where
 * gradients of branches meet, and for a bias per channel. The backend's own adds element by element, several times as
 * slowly.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for other types and for other broadcasting.
 * @returns What `tf.registerKernel` wants.
 */
export function addConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    kernelName: tf.Add,
    backendName: "wasm",
    kernelFunc: (call) => {
      const { a, b } = call.inputs as Record<"a" | "b", tf.TensorInfo>;
      const isSame = tf.util.arraysEqual(a.shape, b.shape);
      const isRow = b.shape.length === 1 && b.shape[0] === a.shape.at(-1);
      if (a.dtype !== "float32" || b.dtype !== "float32" || !isSame && !isRow) {
        return stock.kernelFunc(call);
      }
      const { memory, wasm } = kernels;
      const [first, second] = [memory.tensorPointer(a), memory.tensorPointer(b)];
      const { tensor, pointer } = memory.makeTensor(a.shape);
      if (isSame) wasm.addF32(first, second, tensor.size, pointer);
      else {
        const channels = b.shape[0];
        wasm.addRowF32(first, second, channels && tensor.size / channels, channels, pointer);
      }
      return tensor;
    },
  };
}
