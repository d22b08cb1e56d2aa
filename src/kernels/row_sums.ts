import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/** Axes that are summed, as the runs of an array: groups × rows × channels. */
interface RowSums {
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
}

/** Takes neighboring axes before the last one as rows; undefined where the summed axes are others. */
function rowsOf(shape: number[], axes: number[]): RowSums | undefined {
  const first = axes[0], end = first + axes.length;
  const isRun = axes.every((axis, index) => axis === first + index);
  if (!isRun || axes.length === 0 || end >= shape.length) return undefined;
  const [groups, rows, channels] = [
    shape.slice(0, first),
    shape.slice(first, end),
    shape.slice(end),
  ]
    .map((extents) => tf.util.sizeFromShape(extents));
  return rows > 0 ? { groups, rows, channels } : undefined;
}

/** A kernel of tfjs that sums floats, times a factor, over neighboring axes before the last one. */
function rowSumsConfig(
  kernels: Kernels,
  stock: tf.KernelConfig,
  factorOf: (rows: number) => number,
): tf.KernelConfig {
  return {
    ...stock,
    kernelFunc: (call) => {
      const { x } = call.inputs as Record<"x", tf.TensorInfo>;
      const { axis, keepDims } = call.attrs as object as tf.SumAttrs & { keepDims?: boolean };
      const axes = tf.util.parseAxisParam(axis, x.shape).toSorted((a, b) => a - b);
      const sizes = x.dtype === "float32" ? rowsOf(x.shape, axes) : undefined;
      if (sizes === undefined) return stock.kernelFunc(call);
      const { groups, rows, channels } = sizes;
      const { memory, wasm } = kernels;
      return memory.withScratch({ workspace: wasm.sumRowsWorkspaceBytes(channels) }, (at) => {
        const from = memory.tensorPointer(x);
        const kept = keepDims
          ? x.shape.map((extent, at) => axes.includes(at) ? 1 : extent)
          : x.shape.filter((_, at) => !axes.includes(at));
        const sums = memory.makeTensor(kept);
        wasm.sumRows(from, groups, rows, channels, factorOf(rows), sums.pointer, at.workspace);
        return sums.tensor;
      });
    },
  };
}

/**
 * The kernel of tfjs that sums, as the gradient of a bias does over the pixels of all images. The backend's own transposes
 * the tensor before, several times as slowly.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for other types and axes.
 * @returns What `tf.registerKernel` wants.
 */
export function sumConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return rowSumsConfig(kernels, stock, () => 1);
}

/**
 * The kernel of tfjs that averages, as global pooling does over the pixels of an image.
 *
 * @param kernels The kernels.
 * @param stock The backend's own kernel, for other types and axes.
 * @returns What `tf.registerKernel` wants.
 */
export function meanConfig(kernels: Kernels, stock: tf.KernelConfig): tf.KernelConfig {
  return rowSumsConfig(kernels, stock, (rows) => 1 / rows);
}
