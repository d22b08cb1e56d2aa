import {
  type Kernels,
  type LayerMoments,
  refitBySamples,
  type RidgeEvidence,
  solveWritten,
  writeGram,
} from "../../kernels/mod.ts";
import { type CheckedRidge, checkRidge, chooseRidge } from "./folds.ts";
import { checkProblems, type Problem, rowsOfKept, totalSquares } from "./problem.ts";

/** Settings of {@link reconstruct}. */
export interface ReconstructionOptions {
  /** Ridge, relative to the mean diagonal of the kept part of G. Default: chosen by halves of the images. */
  readonly ridge?: number;
  /** Whether the error is wanted on images that the fit has not seen, which takes two more fits. Default true. */
  readonly tryOut?: boolean;
  /** Whether the new weights may take the place of the problem's, which nobody needs any more. Default false. */
  readonly inPlace?: boolean;
}

/** New weights of a layer, and how well they do. */
export interface Reconstruction extends RidgeEvidence {
  /** W', d × n, zero in the rows of removed channels. */
  readonly weights: Float32Array;
  /**
   * ‖Y − XW'‖² / Σy² about the means, on images that the fit has not seen: of fits to either half of the images on the
   * other half. Where
   * there are no halves, or nothing was tried out, on the samples themselves.
   */
  readonly relativeError: number;
  /** Largest residual of the solved equations over their largest right-hand side. */
  readonly residual: number;
  /** Samples behind it. */
  readonly count: number;
}

/**
 * Fits a layer's weights to its old output through the kept channels alone (He et al. 2017, eq. 1 with β fixed):
 *
 *     (G_SS + ρI) W' = C_S + ρW_S,     ρ = ridge · mean(diag G_SS)
 *
 * The ridge pulls towards the old weights where the data says nothing. The error is that of the data alone,
 * (s − 2 tr(W'ᵀC) + tr(W'ᵀGW')) / s, with s, C and G of images that the fit has not seen.
 *
 * @param kernels The kernels.
 * @param problem The layer.
 * @param keptChannels Channels that stay, in any order.
 * @param options Settings.
 * @returns The weights and the evidence.
 * @throws {RangeError} When a channel does not exist, or no ridge makes G positive definite.
 */
export function reconstruct(
  kernels: Kernels,
  problem: Problem,
  keptChannels: ArrayLike<number>,
  options: ReconstructionOptions = {},
): Reconstruction {
  checkProblems([problem]);
  const { moments, weights: oldWeights } = problem;
  const { d, n, count } = moments;
  const rows = rowsOfKept(problem, keptChannels);
  const size = rows.length;
  if (size === 0) {
    return {
      weights: new Float32Array(d * n),
      relativeError: 1,
      ridge: options.ridge ?? 0,
      attempts: 0,
      smallestPivot: 0,
      residual: 0,
      count,
    };
  }

  const { ridge, relativeError } = settleRidge(kernels, problem, rows, options);
  const total = totalSquares(problem);
  const oldUnits = (row: number, output: number) =>
    1 / ((problem.inputScales?.[row] ?? 1) * (problem.outputScales?.[output] ?? 1));
  if (moments.samples) {
    const weights = options.inPlace ? oldWeights : new Float32Array(d * n);
    const system = { moments, weights: oldWeights, rows, ridge };
    const { squaredError, ...evidence } = refitBySamples(kernels, system, (first, some, fitted) => {
      rows.forEach((row, i) => {
        for (let o = 0; o < some; o++) {
          weights[row * n + first + o] = fitted[i * some + o] * oldUnits(row, first + o);
        }
      });
    });
    if (options.inPlace) clearOtherRows(weights, rows, n);
    return { weights, relativeError: relativeError ?? squaredError / total, count, ...evidence };
  }
  const cross = pickRows(moments.cross, rows, n);
  const { solution, energy, ...evidence } = solveWritten(kernels, {
    writeGram: (target) => writeGram(moments, rows, target),
    cross,
    weights: pickRows(oldWeights, rows, n),
    size,
    outputs: n,
    ridge,
  });
  let explained = 0;
  for (let i = 0; i < solution.length; i++) explained += solution[i] * cross[i];
  const weights = options.inPlace ? oldWeights.fill(0) : new Float32Array(d * n);
  rows.forEach((row, i) => {
    for (let o = 0; o < n; o++) weights[row * n + o] = solution[i * n + o] * oldUnits(row, o);
  });
  const onSamples = Math.max(0, (total - 2 * explained + energy) / total);
  return { weights, relativeError: relativeError ?? onSamples, count, ...evidence };
}

function settleRidge(
  kernels: Kernels,
  problem: Problem,
  rows: readonly number[],
  { ridge, tryOut = true }: ReconstructionOptions,
): CheckedRidge {
  if (ridge === undefined) return chooseRidge(kernels, problem, rows);
  return tryOut ? checkRidge(kernels, problem, rows, ridge) : { ridge };
}

/** Makes zero of all rows but some, which ascend. */
function clearOtherRows(matrix: Float32Array, rows: readonly number[], n: number): void {
  let next = 0;
  for (const row of rows) {
    matrix.fill(0, next * n, row * n);
    next = row + 1;
  }
  matrix.fill(0, next * n);
}

function pickRows<T extends Float32Array | Float64Array>(matrix: T, rows: number[], n: number): T {
  const picked = matrix.slice(0, rows.length * n) as T;
  rows.forEach((row, i) => picked.set(matrix.subarray(row * n, (row + 1) * n), i * n));
  return picked;
}

/**
 * The bias that goes with weights that were fitted about the means: μ_y − Wᵀμ_x.
 *
 * @param moments Raw moments (not centered).
 * @param weights W, d × n.
 * @returns One number per output.
 * @throws {TypeError} When sizes do not fit.
 */
export function interceptOf(moments: LayerMoments, weights: ArrayLike<number>): Float64Array {
  const { d, n, count, sumX, sumY } = moments;
  if (weights.length !== d * n) {
    throw new TypeError(`find the intercept: ${weights.length} weights, wanted ${d}×${n}`);
  }
  const intercept = sumY.map((sum) => sum / count);
  for (let row = 0; row < d; row++) {
    const mean = sumX[row] / count;
    for (let o = 0; o < n; o++) intercept[o] -= weights[row * n + o] * mean;
  }
  return intercept;
}
