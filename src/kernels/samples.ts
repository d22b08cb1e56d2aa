import { factorWithRidge, type RidgeEvidence } from "./cholesky.ts";
import type { Kernels } from "./load.ts";
import type { Moments } from "./moments.ts";

const F64_BYTES = 8;

/** Sizes of a product. */
interface ProductSize {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Whether the left matrix is depth × rows. Default false. */
  readonly isTransposed?: boolean;
}

/**
 * The product of two matrices, row by row.
 *
 * @param kernels The kernels.
 * @param left rows × depth, or depth × rows.
 * @param right depth × columns.
 * @param size The sizes.
 * @returns rows × columns.
 */
export function productOfSamples(
  { wasm, memory }: Kernels,
  left: Float64Array,
  right: Float64Array,
  { rows, depth, columns, isTransposed = false }: ProductSize,
): Float64Array {
  return memory.withScratch({
    left: left.length * F64_BYTES,
    right: right.length * F64_BYTES,
    product: rows * columns * F64_BYTES,
    workspace: wasm.multiplyF64WorkspaceBytes(),
  }, (at) => {
    memory.f64(at.left, left.length).set(left);
    memory.f64(at.right, right.length).set(right);
    const strideLeft = isTransposed ? rows : depth;
    wasm.multiplyF64(
      at.product,
      rows,
      columns,
      depth,
      at.left,
      strideLeft,
      !isTransposed,
      at.right,
      columns,
      at.workspace,
    );
    return memory.f64(at.product, rows * columns).slice();
  });
}

/** XXᵀ, samples × samples. */
export function gramOfSamples(kernels: Kernels, x: Float64Array, count: number): Float64Array {
  const d = x.length / count;
  const transposed = new Float64Array(x.length);
  for (let sample = 0; sample < count; sample++) {
    for (let input = 0; input < d; input++) {
      transposed[input * count + sample] = x[sample * d + input];
    }
  }
  return productOfSamples(kernels, x, transposed, { rows: count, depth: d, columns: count });
}

/** Mean diagonal of XᵀX, 1 where that is 0: the unit in which ridges are given. */
export function meanSquareOf(x: Float64Array, d: number): number {
  let squares = 0;
  for (let index = 0; index < x.length; index++) squares += x[index] * x[index];
  return squares > 0 ? squares / d : 1;
}

/** Some inputs of all samples, in the order given. */
export function pickColumns(
  { samples, d, count }: Moments,
  columns: ArrayLike<number>,
): Float64Array {
  const width = columns.length;
  const picked = new Float64Array(count * width);
  for (let sample = 0; sample < count; sample++) {
    const from = sample * d, to = sample * width;
    for (let column = 0; column < width; column++) {
      picked[to + column] = samples!.x[from + columns[column]];
    }
  }
  return picked;
}

/** A ridge regression of few samples. */
export interface SampleSystem {
  /** X, samples × d. */
  readonly x: Float64Array;
  /** Y − XW, samples × n: what the old weights leave. */
  readonly residual: Float64Array;
  readonly d: number;
  readonly n: number;
  readonly count: number;
  /** Ridge to begin with, relative to the mean diagonal of XᵀX. */
  readonly ridge: number;
  /** Whether the inverse is wanted too. */
  readonly wantsInverse?: boolean;
}

/**
 * (XXᵀ + ρI)⁻¹(Y − XW), of which the new weights are W + Xᵀ times as much.
 *
 * @param kernels The kernels.
 * @param system The regression.
 * @returns The answer, samples × n, and the inverse where it is wanted; the ridge of the evidence is relative to XᵀX.
 * @throws {RangeError} When no ridge makes XXᵀ positive definite.
 */
export function fitSamples(
  kernels: Kernels,
  { x, residual, d, n, count, ridge, wantsInverse = false }: SampleSystem,
): { answer: Float64Array; inverse?: Float64Array; evidence: RidgeEvidence } {
  const { wasm, memory } = kernels;
  const gram = gramOfSamples(kernels, x, count);
  return memory.withScratch({
    matrix: count * count * F64_BYTES,
    answer: count * n * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(count),
  }, (at) => {
    // Both have the same trace, so that their mean diagonals are as d to the samples.
    const own = ridge * count / d;
    const found = factorWithRidge(kernels, gram, count, own, at.matrix, at.workspace);
    memory.f64(at.answer, count * n).set(residual);
    wasm.choleskySolve(at.matrix, count, count, at.answer, n, at.workspace);
    if (wantsInverse) wasm.choleskyInvert(at.matrix, count, at.workspace);
    return {
      answer: memory.f64(at.answer, count * n).slice(),
      ...(wantsInverse ? { inverse: memory.f64(at.matrix, count * count).slice() } : {}),
      evidence: { ...found, ridge: found.ridge * d / count },
    };
  });
}
