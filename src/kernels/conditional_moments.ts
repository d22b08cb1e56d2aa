import { factorWithRidge, meanDiagonal } from "./cholesky.ts";
import type { Kernels } from "./load.ts";
import type { Moments } from "./moments.ts";

const F64_BYTES = 8;

/** A layer of which some rows are looked at while the others are fitted anew. */
export interface ConditionedSystem {
  /** G, C and Σy² of the layer, about the means; G and C are used up. */
  readonly moments: Moments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Ridge of the other rows, relative to the diagonal of G row by row. */
  readonly ridge: number;
}

/**
 * Moments of some rows of X as they are when the weights of all other rows are refitted at once, whatever becomes of these:
 * with S some rows, O the others, W⁰ the old weights and R = ridge · diag(G),
 *
 *     min over W_O of ‖Y − X_S W_S − X_O W_O‖² + ‖W_O − W⁰_O‖²_R  =  Σy²′ − 2 tr(W_SᵀC′) + tr(W_SᵀG′W_S)
 *
 *     G′ = G_SS − G_SO (G_OO + R_O)⁻¹ G_OS,     C′ = C_S − G_SO (G_OO + R_O)⁻¹ (C_O + R_O W⁰_O)
 *
 * so that what is asked about the rows S is answered without the others. All sets of rows are read off one inverse,
 * H = (G + R)⁻¹, for G′ + R_S = (H_SS)⁻¹: d³ once, and the cube of its size for each set.
 *
 * @param kernels The kernels.
 * @param system The layer.
 * @param parts The sets of rows, each ascending.
 * @returns Moments of each set, in the order of its rows.
 * @throws {RangeError} When G cannot be factored.
 */
export function conditionMoments(
  kernels: Kernels,
  system: ConditionedSystem,
  parts: readonly ArrayLike<number>[],
): Moments[] {
  const { wasm, memory } = kernels;
  const { moments: { d, n } } = system;
  const scaled = standardizeInPlace(system);
  return memory.withScratch({
    inverse: d * d * F64_BYTES,
    fitted: d * n * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(d),
  }, ({ inverse, fitted, workspace }) => {
    const { gram, cross } = system.moments;
    const evidence = factorWithRidge(kernels, gram, d, system.ridge, inverse, workspace);
    const rho = evidence.ridge * meanDiagonal(gram, d);
    const pulled = cross.map((value, at) => value + rho * scaled.weights[at]);
    memory.f64(fitted, d * n).set(pulled);
    wasm.choleskySolve(inverse, d, d, fitted, n, workspace);
    wasm.choleskyInvert(inverse, d, workspace);
    const best = memory.f64(fitted, d * n).slice();
    const least = leastObjectives(system.moments, { ...scaled, best, pulled, rho });
    return parts.map((rows) => {
      const block = pickBlock(memory.f64(inverse, d * d), d, rows);
      return conditionPart(kernels, system.moments, { ...scaled, best, rho, least, block }, rows);
    });
  });
}

/** Units in which every row of X has a sum of squares of 1, and W in them. */
interface StandardUnits {
  /** √G_rr, 0 where a row is zero. */
  readonly scale: Float64Array;
  /** W, d × n. */
  readonly weights: Float64Array;
}

/** Brings G and C into these units. */
function standardizeInPlace(
  { moments: { d, n, gram, cross }, weights: old }: ConditionedSystem,
): StandardUnits {
  const scale = Float64Array.from({ length: d }, (_, row) => Math.sqrt(gram[row * (d + 1)]));
  const weights = new Float64Array(d * n);
  for (let row = 0; row < d; row++) {
    if (scale[row] === 0) continue;
    for (let column = 0; column < d; column++) {
      if (scale[column] > 0) gram[row * d + column] /= scale[row] * scale[column];
    }
    for (let at = row * n; at < (row + 1) * n; at++) {
      cross[at] /= scale[row];
      weights[at] = old[at] * scale[row];
    }
  }
  return { scale, weights };
}

/** Per output the least of ‖Y − XW‖² + ρ‖W − W⁰‖²: Σy² + ρ‖W⁰‖² − tr(W*ᵀ(C + ρW⁰)). */
function leastObjectives(
  { d, n, sumYY }: Moments,
  { weights, best, pulled, rho }: {
    readonly weights: Float64Array;
    readonly best: Float64Array;
    readonly pulled: Float64Array;
    readonly rho: number;
  },
): Float64Array {
  const least = sumYY.slice();
  for (let at = 0; at < d * n; at++) {
    least[at % n] += rho * weights[at] ** 2 - best[at] * pulled[at];
  }
  return least;
}

/** The block of a symmetric matrix, of which the upper triangle is given, at some rows and the same columns. */
function pickBlock(matrix: Float64Array, d: number, rows: ArrayLike<number>): Float64Array {
  const size = rows.length;
  const block = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      block[i * size + j] = block[j * size + i] = matrix[rows[i] * d + rows[j]];
    }
  }
  return block;
}

/** What is known once the whole system is solved, and H_SS. */
interface SolvedSystem extends StandardUnits {
  /** W*, d × n. */
  readonly best: Float64Array;
  readonly rho: number;
  readonly least: Float64Array;
  readonly block: Float64Array;
}

function conditionPart(
  kernels: Kernels,
  { n, count }: Moments,
  { scale, weights, best, rho, least, block }: SolvedSystem,
  rows: ArrayLike<number>,
): Moments {
  const size = rows.length;
  const inverted = invertSymmetric(kernels, block, size);
  const gram = new Float64Array(size * size);
  const cross = new Float64Array(size * n);
  const sumYY = least.slice();
  for (let i = 0; i < size; i++) {
    const row = rows[i];
    const product = new Float64Array(n);
    for (let j = 0; j < size; j++) {
      const value = inverted[Math.min(i, j) * size + Math.max(i, j)];
      for (let o = 0; o < n; o++) product[o] += value * best[rows[j] * n + o];
      const left = i === j ? Math.max(0, value - rho) : value;
      gram[i * size + j] = left * (scale[row] * scale[rows[j]]);
    }
    for (let o = 0; o < n; o++) {
      const old = weights[row * n + o];
      sumYY[o] += best[row * n + o] * product[o] - rho * old ** 2;
      cross[i * n + o] = scale[row] * (product[o] - rho * old);
    }
  }
  for (let o = 0; o < n; o++) sumYY[o] = Math.max(0, sumYY[o]);
  const sums = { sumX: new Float64Array(size), sumY: new Float64Array(n), sumYY };
  return { d: size, n, count, gram, cross, ...sums };
}

/** The upper triangle of the inverse of a positive definite matrix. */
function invertSymmetric(kernels: Kernels, matrix: Float64Array, size: number): Float64Array {
  const { wasm, memory } = kernels;
  return memory.withScratch({
    inverse: size * size * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(size),
  }, ({ inverse, workspace }) => {
    factorWithRidge(kernels, matrix, size, 0, inverse, workspace);
    wasm.choleskyInvert(inverse, size, workspace);
    return memory.f64(inverse, size * size).slice();
  });
}
