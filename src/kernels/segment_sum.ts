import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/**
 * The kernel of tfjs that adds rows up by segment, the gradient of `tf.gather`. As with TensorFlow, rows whose segment
 * is outside 0 … numSegments − 1 are dropped.
 *
 * @param kernels The kernels.
 * @returns What `tf.registerKernel` wants. The kernel throws a TypeError for values that are no numbers.
 */
export function unsortedSegmentSumConfig(kernels: Kernels): tf.KernelConfig {
  return {
    kernelName: tf.UnsortedSegmentSum,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, segmentIds } = inputs as Record<"x" | "segmentIds", tf.TensorInfo>;
      const { numSegments } = attrs as object as tf.UnsortedSegmentSumAttrs;
      if (x.dtype !== "float32" && x.dtype !== "int32") {
        throw new TypeError(`sum segments: values are ${x.dtype}, wanted float32 or int32`);
      }
      const { memory, wasm } = kernels;
      const [rows, ...rowShape] = x.shape;
      const [values, ids] = [memory.tensorPointer(x), memory.tensorPointer(segmentIds)];
      const sums = memory.makeTensor([numSegments, ...rowShape]);
      wasm.unsortedSegmentSum(
        values,
        ids,
        rows,
        tf.util.sizeFromShape(rowShape),
        numSegments,
        x.dtype === "int32",
        sums.pointer,
      );
      return sums.tensor;
    },
  };
}
