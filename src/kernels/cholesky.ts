import { mirrorUpper } from "./gram.ts";
import type { Kernels } from "./load.ts";

const F64_BYTES = 8;
const RAISE_RIDGE_BY = 10;
const SMALLEST_RAISED_RIDGE = 1e-10;
const LARGEST_RIDGE = 1e3;
/** A pivot below this share of the mean diagonal is rounding. */
const PIVOT_FLOOR = 1e-13;

/** What it took to factor a Gram matrix. */
export interface RidgeEvidence {
  /** The ridge used, relative to the mean diagonal of the matrix. */
  readonly ridge: number;
  /** Factorisations tried, 1 when the ridge that was asked for sufficed. */
  readonly attempts: number;
  /** Smallest pivot of the factorisation, relative to the mean diagonal. */
  readonly smallestPivot: number;
}

/** A {@link RidgeSystem} of a G that nobody holds. */
export interface WrittenSystem extends Omit<RidgeSystem, "gram"> {
  /** Writes G, size × size, its upper triangle at least. */
  readonly writeGram: (target: Float64Array) => void;
}

/** Least squares with a pull towards old weights: (G + ρI) W' = C + ρW, ρ = ridge · mean(diag G). */
export interface RidgeSystem {
  /** G, size × size, symmetric. */
  readonly gram: Float64Array;
  /** C, size × outputs. */
  readonly cross: Float64Array;
  /** W, size × outputs. */
  readonly weights: Float64Array | Float32Array;
  /** Rows of G. */
  readonly size: number;
  /** Columns of C. */
  readonly outputs: number;
  /** Ridge to begin with, relative to the mean diagonal of G. */
  readonly ridge: number;
}

/** The answer to a {@link RidgeSystem}. */
export interface RidgeSolution extends RidgeEvidence {
  /** W', size × outputs. */
  readonly solution: Float64Array;
  /** tr(W'ᵀ G W'), without the ridge. */
  readonly energy: number;
  /** Largest |C + ρW − (G + ρI)W'| over the largest |C + ρW|. */
  readonly residual: number;
}

/**
 * Mean of the diagonal of a square matrix, 1 where that is 0: the unit in which ridges are given.
 *
 * @param gram The matrix, size × size.
 * @param size Its rows.
 * @returns The mean.
 */
export function meanDiagonal(gram: Float64Array, size: number): number {
  let sum = 0;
  for (let r = 0; r < size; r++) sum += gram[r * size + r];
  return sum > 0 ? sum / size : 1;
}

/**
 * Writes G + ρI to the heap and factors it there, with ten times the ridge as long as a pivot fails.
 *
 * @param kernels The kernels.
 * @param gram G, size × size.
 * @param size Rows of G.
 * @param ridge Ridge to begin with, relative to the mean diagonal.
 * @param factor Address of size² f64; receives U with UᵀU = G + ρI in its upper triangle.
 * @param workspace Address of `choleskyWorkspaceBytes()` bytes.
 * @returns The ridge used and how well it went.
 * @throws {RangeError} When the ridge is negative, or G holds no finite numbers or is far from positive semi-definite.
 */
export function factorWithRidge(
  kernels: Kernels,
  gram: Float64Array,
  size: number,
  ridge: number,
  factor: number,
  workspace: number,
): RidgeEvidence {
  const write = (target: Float64Array) => target.set(gram);
  const { unit: _, ...evidence } = factorWritten(kernels, write, size, ridge, {
    factor,
    workspace,
  });
  return evidence;
}

/**
 * As {@link factorWithRidge}, of a G that nobody holds.
 *
 * @param kernels The kernels.
 * @param write Writes G, its upper triangle at least.
 * @param size Rows of G.
 * @param ridge Ridge to begin with, relative to the mean diagonal.
 * @param at Addresses of the factor and the workspace.
 * @returns The ridge used and how well it went, and the mean diagonal of G.
 * @throws {RangeError} As {@link factorWithRidge}.
 */
export function factorWritten(
  kernels: Kernels,
  write: (target: Float64Array) => void,
  size: number,
  ridge: number,
  { factor, workspace }: { readonly factor: number; readonly workspace: number },
): RidgeEvidence & { readonly unit: number } {
  if (!(ridge >= 0)) throw new RangeError(`factor G + ρI: ridge ${ridge}, wanted at least 0`);
  const { wasm, memory } = kernels;
  for (let attempts = 1, tried = ridge;; attempts++) {
    const target = memory.f64(factor, size * size);
    write(target);
    const unit = meanDiagonal(target, size);
    for (let r = 0; r < size; r++) target[r * (size + 1)] += tried * unit;
    const failed = wasm.choleskyFactor(factor, size, size, PIVOT_FLOOR * unit, workspace);
    if (failed === 0) {
      let smallest = Infinity;
      for (let r = 0; r < size; r++) smallest = Math.min(smallest, target[r * (size + 1)] ** 2);
      return { ridge: tried, attempts, smallestPivot: smallest / unit, unit };
    }
    if (tried >= LARGEST_RIDGE) {
      throw new RangeError(
        `factor G + ρI: pivot ${failed} of ${size} fails even with a ridge of ${tried} mean diagonals; ` +
          "G holds NaN or Infinity, or is no Gram matrix",
      );
    }
    tried = Math.max(tried * RAISE_RIDGE_BY, SMALLEST_RAISED_RIDGE);
  }
}

/**
 * Solves a {@link RidgeSystem} by Cholesky factorisation in f64.
 *
 * @param kernels The kernels.
 * @param system The system.
 * @returns The solution and how far to trust it.
 * @throws {TypeError} When sizes do not fit.
 * @throws {RangeError} As {@link factorWithRidge}.
 */
export function solveRidge(kernels: Kernels, system: RidgeSystem): RidgeSolution {
  const { gram, cross, weights, size, outputs } = system;
  if (
    gram.length !== size * size || cross.length !== size * outputs ||
    weights.length !== cross.length
  ) {
    throw new TypeError(
      `solve (G + ρI)W' = C + ρW: G has ${gram.length}, C ${cross.length} and W ${weights.length} ` +
        `elements, wanted ${size}×${size}, ${size}×${outputs} and ${size}×${outputs}`,
    );
  }
  return solveWritten(kernels, { ...system, writeGram: (target) => target.set(gram) });
}

/**
 * As {@link solveRidge}, of a G that nobody holds.
 *
 * @param kernels The kernels.
 * @param system The system, whose sizes fit.
 * @returns The solution and how far to trust it.
 * @throws {RangeError} As {@link factorWithRidge}.
 */
export function solveWritten(kernels: Kernels, system: WrittenSystem): RidgeSolution {
  const { writeGram, cross, weights, size, outputs } = system;
  const { wasm, memory } = kernels;
  return memory.withScratch({
    matrix: size * size * F64_BYTES,
    solution: size * outputs * F64_BYTES,
    residual: size * outputs * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
  }, (at) => {
    const { matrix: factor, workspace } = at;
    const { unit, ...evidence } = factorWritten(kernels, writeGram, size, system.ridge, {
      factor,
      workspace,
    });
    const rho = evidence.ridge * unit;
    const solution = memory.f64(at.solution, size * outputs);
    for (let i = 0; i < solution.length; i++) solution[i] = cross[i] + rho * weights[i];
    wasm.choleskySolve(at.matrix, size, size, at.solution, outputs, at.workspace);

    // The factor has done its duty: its memory holds G again, to see what G W' really is.
    const gram = memory.f64(at.matrix, size * size);
    writeGram(gram);
    mirrorUpper(gram, size);
    const negatedProduct = memory.f64(at.residual, size * outputs).fill(0);
    wasm.subtractProduct(at.residual, at.matrix, size, at.solution, outputs, at.workspace);
    let energy = 0, largestResidual = 0, largestTarget = 0;
    for (let i = 0; i < solution.length; i++) {
      const target = cross[i] + rho * weights[i];
      energy -= solution[i] * negatedProduct[i];
      const left = Math.abs(target + negatedProduct[i] - rho * solution[i]);
      largestResidual = Math.max(largestResidual, left);
      largestTarget = Math.max(largestTarget, Math.abs(target));
    }
    const residual = largestTarget > 0 ? largestResidual / largestTarget : 0;
    return { ...evidence, solution: solution.slice(), energy, residual };
  });
}
