import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/**
 * `tf.prelu` with slopes that rows or columns share one by one. The backend's own kernel repeats slopes over the axes ahead
 * alone: with slopes of 3 × 1 × 5 for maps of 3 × 4 × 5 it reads others, without a word. They are written out here.
 *
 * @param _ The kernels.
 * @param stock The backend's own kernel.
 * @returns What `tf.registerKernel` wants.
 */
export function preluConfig(_: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return {
    kernelName: tf.Prelu,
    backendName: "wasm",
    kernelFunc: (call) => {
      const { x, alpha } = call.inputs as Record<"x" | "alpha", tf.TensorInfo>;
      const first = alpha.shape.findIndex((extent) => extent !== 1);
      const isCovered = first < 0 || !alpha.shape.includes(1, first);
      if (isCovered) return stock.kernelFunc(call);
      const ahead = x.shape.length - alpha.shape.length;
      const reps = alpha.shape.map((extent, axis) =>
        axis > first && extent === 1 ? x.shape[axis + ahead] : 1
      );
      const backend = call.backend as tf.KernelBackend;
      const { kernelFunc: tile } = tf.getKernel(tf.Tile, "wasm");
      const slopes = tile({ inputs: { x: alpha }, attrs: { reps }, backend }) as tf.TensorInfo;
      const made = stock.kernelFunc({ ...call, inputs: { x, alpha: slopes } });
      backend.disposeData(slopes.dataId);
      return made;
    },
  };
}
