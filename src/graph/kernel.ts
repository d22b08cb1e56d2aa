import type { Weight } from "../model/mod.ts";
import type { LayerNode } from "./layer_graph.ts";
import { tupleOf } from "./options.ts";

/** Classes of the convolutions that can be cut; their channels are mixed at every position. */
export const CONVOLUTION_CLASSES: ReadonlySet<string> = new Set([
  "Conv1D",
  "Conv2D",
  "Conv2DTranspose",
]);

/** Whether a layer spreads its inputs over its outputs; its kernel has the outputs before the inputs then. */
export function isTransposed({ className }: LayerNode): boolean {
  return className === "Conv2DTranspose" || className === "Conv3DTranspose";
}

/** The axes of a kernel that run over input and output channels. */
export function kernelAxes(node: LayerNode): { input: number; output: number } {
  const { length } = node.weights.get("kernel")!.shape;
  return isTransposed(node)
    ? { input: length - 1, output: length - 2 }
    : { input: length - 2, output: length - 1 };
}

/** Rows and columns of a kernel as a matrix: taps × input channels, and output channels. */
export function kernelSize(node: LayerNode): { inputs: number; outputs: number } {
  const { shape, values } = node.weights.get("kernel")!;
  const outputs = shape[kernelAxes(node).output];
  return { inputs: values.length / outputs, outputs };
}

/**
 * A kernel as the matrix K of Y = XK, where a row of X is what the layer sees for one output position.
 *
 * For a Conv2DTranspose that is a window on its input with zeros between neighbors, see `sampledImages`, so taps run
 * backwards: K[(T−1−t)·c + i, o] = kernel[t, o, i], with T taps and c input channels.
 *
 * @param node A convolution or Dense layer.
 * @returns K, row by row.
 */
export function kernelMatrix(node: LayerNode): Float32Array {
  const values = node.weights.get("kernel")!.values as Float32Array;
  if (!isTransposed(node)) return values;
  const { outputs, channels } = transposedSize(node);
  return transposeTaps(values, outputs, channels);
}

/**
 * Undoes {@link kernelMatrix}.
 *
 * @param node The layer.
 * @param matrix Its new kernel as a matrix.
 * @returns The kernel.
 */
export function kernelOfMatrix(node: LayerNode, matrix: Float32Array): Weight {
  const kernel = node.weights.get("kernel")!;
  if (!isTransposed(node)) return { ...kernel, values: matrix };
  const { outputs, channels } = transposedSize(node);
  return { ...kernel, values: transposeTaps(matrix, channels, outputs) };
}

function transposedSize(node: LayerNode): { outputs: number; channels: number } {
  const [outputs, channels] = node.weights.get("kernel")!.shape.slice(-2);
  return { outputs, channels };
}

/** Reverses the taps and transposes what belongs to each, rows × columns. */
function transposeTaps(values: Float32Array, rows: number, columns: number): Float32Array {
  const taps = values.length / rows / columns;
  const transposed = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    const [from, to] = [tap, taps - 1 - tap].map((place) => place * rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        transposed[to + column * rows + row] = values[from + row * columns + column];
      }
    }
  }
  return transposed;
}

/** The input position that every element of a kernel reads. */
export function inputPositions(node: LayerNode): Int32Array {
  const { shape, values } = node.weights.get("kernel")!;
  const { input } = kernelAxes(node);
  const inner = shape.slice(input + 1).reduce((product, size) => product * size, 1);
  return Int32Array.from(values, (_, element) => Math.floor(element / inner) % shape[input]);
}

/**
 * At how many positions a layer multiplies by all of its kernel: those of its output, or of its input where it spreads
 * that (what falls outside the output is counted too). Sizes that are not fixed count as 1.
 *
 * @param node A convolution or Dense layer.
 * @returns Positions of one image.
 */
export function kernelPositions(node: LayerNode): number {
  const sizes = node.outputShape.slice(0, -1);
  if (!isTransposed(node)) return sizes.reduce<number>((all, size) => all * (size ?? 1), 1);
  const { config } = node;
  const strides = tupleOf(config.strides, sizes.length, 1);
  const kernel = tupleOf(config.kernel_size, sizes.length, 1);
  return sizes.reduce<number>((all, size, axis) => {
    const beyond = config.padding === "same" ? 0 : Math.max(0, kernel[axis] - strides[axis]);
    return all * (size === null ? 1 : (size - beyond) / strides[axis]);
  }, 1);
}
