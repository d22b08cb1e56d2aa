import { factorWithRidge, type RidgeEvidence } from "./cholesky.ts";
import type { Kernels } from "./load.ts";
import { giveBack, type LayerMoments, type Moments } from "./moments.ts";

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
  { samples, d, count }: LayerMoments,
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
  const { answer, inverse, evidence } = solveSampleGram(kernels, {
    gram: gramOfSamples(kernels, x, count),
    residual,
    n,
    count,
    // Both matrices have the same trace, so that their mean diagonals are as d to the samples.
    ridge: ridge * count / d,
    wantsInverse,
  });
  return { answer, inverse, evidence: { ...evidence, ridge: evidence.ridge * d / count } };
}

/** The same of a matrix of products of samples. */
export interface SampleGramSystem {
  /** Products of samples, samples × samples. */
  readonly gram: Float64Array;
  /** Right-hand sides, samples × n. */
  readonly residual: Float64Array;
  readonly n: number;
  readonly count: number;
  /** Ridge to begin with, relative to the mean diagonal of the matrix. */
  readonly ridge: number;
  /** Whether the inverse is wanted too. */
  readonly wantsInverse?: boolean;
}

/**
 * Solves (K + ρI) A = R.
 *
 * @param kernels The kernels.
 * @param system The equations.
 * @returns The answer, and the inverse where it is wanted; the ridge of the evidence is relative to K.
 * @throws {RangeError} When no ridge makes K positive definite.
 */
export function solveSampleGram(
  kernels: Kernels,
  { gram, residual, n, count, ridge, wantsInverse = false }: SampleGramSystem,
): { answer: Float64Array; inverse?: Float64Array; evidence: RidgeEvidence } {
  const { wasm, memory } = kernels;
  return memory.withScratch({
    matrix: count * count * F64_BYTES,
    answer: count * n * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(count),
  }, (at) => {
    const evidence = factorWithRidge(kernels, gram, count, ridge, at.matrix, at.workspace);
    memory.f64(at.answer, count * n).set(residual);
    wasm.choleskySolve(at.matrix, count, count, at.answer, n, at.workspace);
    if (wantsInverse) wasm.choleskyInvert(at.matrix, count, at.workspace);
    return {
      answer: memory.f64(at.answer, count * n).slice(),
      ...(wantsInverse ? { inverse: memory.f64(at.matrix, count * count).slice() } : {}),
      evidence,
    };
  });
}

/** Columns of Y that are fitted at a time: the weights of a wide layer have no room as doubles. */
const FITTED_AT_ONCE = 256;

/** A layer with samples that is fitted through some of its inputs. */
export interface SampleRefit {
  /** Moments about the means, with samples. */
  readonly moments: LayerMoments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Inputs that stay, ascending. */
  readonly rows: readonly number[];
  /** Ridge to begin with, relative to the mean diagonal of XᵀX over these inputs. */
  readonly ridge: number;
}

/**
 * Fits weights to few samples: W' = W_S + X_Sᵀ(X_S X_Sᵀ + ρI)⁻¹(Y − X_S W_S), the solution of
 * (G_SS + ρI) W' = C_S + ρW_S.
 *
 * @param kernels The kernels.
 * @param refit The layer.
 * @param take Is given the new weights of some outputs: the first of them, how many, and rows × as many numbers, for the time
 * of the call. W of these outputs is not read any more.
 * @returns ‖Y − X_S W'‖², largest residual of the equations over their largest right-hand side, and the ridge.
 * @throws {RangeError} When no ridge makes X_S X_Sᵀ positive definite.
 */
export function refitBySamples(
  kernels: Kernels,
  { moments, weights, rows, ridge }: SampleRefit,
  take: (first: number, outputs: number, weights: Float64Array) => void,
): RidgeEvidence & { readonly squaredError: number; readonly residual: number } {
  const { n, count, samples } = moments;
  const size = rows.length;
  const x = pickColumns(moments, rows);
  const gram = gramOfSamples(kernels, x, count);
  let evidence: RidgeEvidence | undefined;
  let squaredError = 0, largestTarget = 0, largestResidual = 0;
  for (let first = 0; first < n; first += FITTED_AT_ONCE) {
    const outputs = Math.min(FITTED_AT_ONCE, n - first);
    const fitted = new Float64Array(size * outputs);
    rows.forEach((row, i) => {
      const from = row * n + first;
      fitted.set(weights.subarray(from, from + outputs), i * outputs);
    });
    const byX = { rows: count, depth: size, columns: outputs };
    const target = productOfSamples(kernels, x, fitted, byX);
    for (let at = 0; at < target.length; at++) {
      const sample = Math.floor(at / outputs);
      target[at] = samples!.y[sample * n + first + at % outputs] - target[at];
    }
    const solved = solveSampleGram(kernels, {
      gram,
      residual: target,
      n: outputs,
      count,
      ridge: evidence ? evidence.ridge : ridge * count / size,
    });
    evidence = solved.evidence;
    const moved = productOfSamples(kernels, x, solved.answer, {
      rows: size,
      depth: count,
      columns: outputs,
      isTransposed: true,
    });
    for (let at = 0; at < fitted.length; at++) fitted[at] += moved[at];
    take(first, outputs, fitted);
    // What is left of the target is ρ times the answer, up to rounding.
    const reached = productOfSamples(kernels, x, moved, byX);
    const rho = evidence.ridge * meanSquareOf(x, count);
    for (let at = 0; at < target.length; at++) {
      const left = target[at] - reached[at];
      squaredError += left * left;
      largestTarget = Math.max(largestTarget, Math.abs(target[at]));
      largestResidual = Math.max(largestResidual, Math.abs(left - rho * solved.answer[at]));
    }
    giveBack([fitted, moved, target, reached, solved.answer]);
  }
  const { ridge: own, ...rest } = evidence!;
  const residual = largestTarget > 0 ? largestResidual / largestTarget : 0;
  return { ...rest, ridge: own * size / count, squaredError, residual };
}

/**
 * G and C of samples, for what asks for them: d × d and d × n numbers, of the half too.
 *
 * @param kernels The kernels.
 * @param moments Moments with samples.
 * @returns The same with sums of products.
 */
export function momentsOfSamples(kernels: Kernels, moments: LayerMoments): Moments {
  const { samples, half, ...rest } = moments;
  const sums = ({ d, n, count, sumX, sumY, sumYY }: Omit<LayerMoments, "samples">): Moments => {
    const x = samples!.x.subarray(0, count * d), y = samples!.y.subarray(0, count * n);
    const transposed = { depth: count, isTransposed: true };
    return {
      d,
      n,
      count,
      gram: productOfSamples(kernels, x, x, { rows: d, columns: d, ...transposed }),
      cross: productOfSamples(kernels, x, y, { rows: d, columns: n, ...transposed }),
      sumX,
      sumY,
      sumYY,
    };
  };
  return { ...sums(rest), ...(half && { half: sums(half) }) };
}
