import * as tf from "@tensorflow/tfjs";
import type { OperationConfig } from "./operation.ts";

/** What an operation makes of what it reads. */
type Run = (inputs: readonly tf.Tensor[]) => tf.Tensor;

/**
 * Operations whose values are values of what they read first, at places that do not depend on these values, and whose
 * derivative TensorFlow.js lacks, or the WASM backend the kernel of it; it resizes maps from the corner in all derivatives.
 */
const PICKING: ReadonlySet<string> = new Set([
  ...["DepthToSpace", "Gather", "GatherV2", "MirrorPad", "ResizeNearestNeighbor", "StridedSlice"],
]);

/** Integers up to here have a float32 of their own. */
const MOST_EXACT = 2 ** 24;

/**
 * Runs an operation so that TensorFlow.js can compute gradients through it.
 *
 * - What makes truth values or integers is constant between its steps: its gradient is zero.
 * - What picks values, y[i] = x[p(i)], gives each of them back: ∂L/∂x[j] = Σ ∂L/∂y[i] over all i with p(i) = j. The places p
 *   are what the operation makes of the numbers 0, 1, 2, …
 * - ResizeBilinear is a product with a matrix for rows and one for columns, y = R·x·Cᵀ, and so is its gradient, Rᵀ·∂L/∂y·C.
 * - The largest values of TopKV2 are picked too; its second output says from where.
 *
 * @param config The operation.
 * @param inputs What the layer reads.
 * @param run Runs the operation, and gives the output that the layer gives.
 * @param runTo Runs it, and gives another of its outputs.
 * @returns The output.
 */
export function runDifferentiably(
  { operator, type, operands }: OperationConfig,
  inputs: readonly tf.Tensor[],
  run: Run,
  runTo: (output: number) => Run,
): tf.Tensor {
  if (type !== "float32") return withGradient(inputs, run, zerosFor);
  const [first] = inputs;
  const readsOne = inputs.length === 1 && operands.indexOf(0) === 0;
  if (!readsOne || first.dtype !== "float32") return run(inputs);
  if (operator === "TopKV2") {
    return withGradient(inputs, run, (given, dy) => [giveBackRows(given[0], dy, runTo(1)(given))]);
  }
  if (operator === "ResizeBilinear") {
    return withGradient(inputs, run, (given, dy) => [shrinkBack(given[0].shape, dy, run)]);
  }
  if (!PICKING.has(operator) || first.size / first.shape[0] > MOST_EXACT) return run(inputs);
  return withGradient(inputs, run, (given, dy) => [giveBack(given[0].shape, dy, run)]);
}

function withGradient(
  inputs: readonly tf.Tensor[],
  run: Run,
  gradientOf: (inputs: readonly tf.Tensor[], dy: tf.Tensor) => tf.Tensor[],
): tf.Tensor {
  const made = tf.customGrad((...given) => {
    const save = given.pop() as unknown as tf.GradSaveFunc;
    const tensors = given as tf.Tensor[];
    save(tensors);
    return {
      value: run(tensors),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradientOf(saved, dy),
    };
  });
  return made(...inputs as tf.Tensor[]);
}

function zerosFor(inputs: readonly tf.Tensor[]): tf.Tensor[] {
  return inputs.map(({ shape }) => tf.zeros(shape));
}

/** What picks values of an image gives them back: the same places for all images. */
function giveBack(shape: readonly number[], dy: tf.Tensor, run: Run): tf.Tensor {
  const [images, ...rest] = shape;
  const values = rest.reduce((product, extent) => product * extent, 1);
  const numbers = tf.range(0, values, 1, "float32").reshape([1, ...rest]);
  const places = run([numbers]).reshape([-1, 1]).cast("int32");
  const columns = tf.transpose(dy.reshape([images, -1]));
  const sums = tf.scatterND(places, columns, [values, images]);
  return tf.transpose(sums).reshape([...shape]);
}

/** What picks values of every row gives them back, by their places in it. */
function giveBackRows(x: tf.Tensor, dy: tf.Tensor, places: tf.Tensor): tf.Tensor {
  const width = x.shape.at(-1)!, rows = x.size / width;
  const starts = tf.range(0, rows, 1, "int32").mul(tf.scalar(width, "int32")).reshape([rows, 1]);
  const flat = places.reshape([rows, -1]).add(starts).reshape([-1, 1]);
  return tf.scatterND(flat.cast("int32"), dy.reshape([-1]), [x.size]).reshape(x.shape);
}

/** The gradient of maps that are resized between neighbors. */
function shrinkBack(shape: readonly number[], dy: tf.Tensor, run: Run): tf.Tensor {
  const [images, rows, columns, channels] = shape;
  const [, height, width] = dy.shape;
  const overRows = run([tf.eye(rows).reshape([1, rows, 1, rows])])
    .slice([0, 0, 0, 0], [1, height, 1, rows]).reshape([1, height, rows]);
  const overColumns = run([tf.eye(columns).reshape([1, 1, columns, columns])])
    .slice([0, 0, 0, 0], [1, 1, width, columns]).reshape([1, width, columns]);
  const given = dy.reshape([images, height, width * channels]);
  const upright = tf.matMul(overRows.tile([images, 1, 1]), given, true)
    .reshape([images, rows, width, channels]).transpose([0, 2, 1, 3])
    .reshape([images, width, rows * channels]);
  return tf.matMul(overColumns.tile([images, 1, 1]), upright, true)
    .reshape([images, columns, rows, channels]).transpose([0, 2, 1, 3]);
}
