import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/**
 * `tf.clone` without a copy, as all other backends do it: both tensors hold the same values, which go with the last of
 * them. Every tensor that a gradient needs later is kept as a clone, so a training step copies all its activations
 * with the backend's own kernel.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for strings.
 * @returns What `tf.registerKernel` wants.
 */
export function identityConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    kernelName: tf.Identity,
    backendName: "wasm",
    kernelFunc: (call) => {
      const { x } = call.inputs as Record<"x", tf.TensorInfo>;
      return x.dtype === "string" ? stock.kernelFunc(call) : kernels.memory.shareValues(x);
    },
  };
}

/**
 * `tf.cast` without a copy where the type stays the same, as in the gradient of a ReLU.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for other casts.
 * @returns What `tf.registerKernel` wants.
 */
export function castConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    kernelName: tf.Cast,
    backendName: "wasm",
    kernelFunc: (call) => {
      const { x } = call.inputs as Record<"x", tf.TensorInfo>;
      const { dtype } = call.attrs as object as tf.CastAttrs;
      const isSame = x.dtype === dtype && dtype !== "string";
      return isSame ? kernels.memory.shareValues(x) : stock.kernelFunc(call);
    },
  };
}
