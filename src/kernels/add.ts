import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/**
 * The kernel of tfjs that adds two tensors, for floats of equal shape, as at the end of a residual branch and where
 * gradients of branches meet. The backend's own adds element by element, several times as slowly.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for other types and for broadcasting.
 * @returns What `tf.registerKernel` wants.
 */
export function addConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    kernelName: tf.Add,
    backendName: "wasm",
    kernelFunc: (call) => {
      const { a, b } = call.inputs as Record<"a" | "b", tf.TensorInfo>;
      const isCovered = a.dtype === "float32" && b.dtype === "float32" &&
        tf.util.arraysEqual(a.shape, b.shape);
      if (!isCovered) return stock.kernelFunc(call);
      const { memory, wasm } = kernels;
      const [first, second] = [memory.tensorPointer(a), memory.tensorPointer(b)];
      const { tensor, pointer } = memory.makeTensor(a.shape);
      wasm.addF32(first, second, tensor.size, pointer);
      return tensor;
    },
  };
}
