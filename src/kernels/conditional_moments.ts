import { factorWithRidge, meanDiagonal } from "./cholesky.ts";
import type { Kernels } from "./load.ts";
import type { Moments } from "./moments.ts";

const F64_BYTES = 8;

/** A layer of which some rows are looked at while the others are fitted anew. */
export interface ConditionedSystem {
  /** G, C and Σy² of the layer, about the means. */
  readonly moments: Moments;
  /** W, d × n: the weights that the ridge pulls towards. */
  readonly weights: Float32Array;
  /** Ridge of the other rows, relative to the mean diagonal of G. */
  readonly ridge: number;
}

/**
 * Moments of some rows of X as they are when the weights of all other rows follow: with S some rows, O the others and W⁰ the
 * old weights, W_O = P − Q·W_S is what ridge regression makes of them,
 *
 *     Q = (G_OO + ρI)⁻¹ G_OS,     P = (G_OO + ρI)⁻¹ (C_O + ρW⁰_O),
 *
 * and the moments are those of X_S − X_O·Q and Y − X_O·P, so that what is asked about S is answered without the others. The
 * half of the images follows the same P and Q.
 *
 * All sets of rows are read off one inverse, H = (G + ρI)⁻¹: with T = H_·S (H_SS)⁻¹, which is 1 at S and −Q at O, the new X
 * is XT, and the new Y is Y − X(W* − T·W*_S).
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
  const { moments: { half, ...moments }, ridge } = system;
  const { followers, residuals } = solveParts(kernels, system, parts, ridge);
  const whole = followMoments(kernels, moments, followers, residuals);
  if (half === undefined) return whole;
  const halves = followMoments(kernels, half, followers, residuals);
  return whole.map((part, index) => ({ ...part, half: halves[index] }));
}

/** Tᵀ, size × d, of every part. */
type Followers = readonly Float64Array[];

/** For every part Tᵀ, and R = W* − T·W*_S, d × n, which Y is reduced by. */
function solveParts(
  kernels: Kernels,
  { moments: { d, n, gram, cross }, weights }: ConditionedSystem,
  parts: readonly ArrayLike<number>[],
  ridge: number,
): { followers: Followers; residuals: readonly Float64Array[] } {
  const { wasm, memory } = kernels;
  return memory.withScratch({
    inverse: d * d * F64_BYTES,
    fitted: d * n * F64_BYTES,
    workspace: wasm.choleskyInvertWorkspaceBytes(d),
  }, ({ inverse, fitted, workspace }) => {
    const evidence = factorWithRidge(kernels, gram, d, ridge, inverse, workspace);
    const rho = evidence.ridge * meanDiagonal(gram, d);
    memory.f64(fitted, d * n).set(cross.map((value, at) => value + rho * weights[at]));
    wasm.choleskySolve(inverse, d, d, fitted, n, workspace);
    wasm.choleskyInvert(inverse, d, workspace);
    const best = memory.f64(fitted, d * n).slice();
    const followers = parts.map((rows) =>
      solveFollowers(kernels, pickRows(memory.f64(inverse, d * d), d, rows), d, rows)
    );
    const residuals = parts.map((rows, index) => {
      const left = best.slice();
      for (let i = 0; i < rows.length; i++) {
        for (let row = 0; row < d; row++) {
          const factor = followers[index][i * d + row];
          for (let o = 0; o < n; o++) left[row * n + o] -= factor * best[rows[i] * n + o];
        }
      }
      return left;
    });
    return { followers, residuals };
  });
}

/** Rows of a symmetric matrix of which the upper triangle is given. */
function pickRows(matrix: Float64Array, d: number, rows: ArrayLike<number>): Float64Array {
  const picked = new Float64Array(rows.length * d);
  for (let i = 0; i < rows.length; i++) {
    for (let column = 0; column < d; column++) {
      const [above, beside] = [Math.min(rows[i], column), Math.max(rows[i], column)];
      picked[i * d + column] = matrix[above * d + beside];
    }
  }
  return picked;
}

/** (H_SS)⁻¹ H_S·. */
function solveFollowers(
  kernels: Kernels,
  inverseRows: Float64Array,
  d: number,
  rows: ArrayLike<number>,
): Float64Array {
  const { wasm, memory } = kernels;
  const size = rows.length;
  const block = Float64Array.from(
    { length: size * size },
    (_, at) => inverseRows[Math.floor(at / size) * d + rows[at % size]],
  );
  return memory.withScratch({
    factor: size * size * F64_BYTES,
    solution: size * d * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
  }, ({ factor, solution, workspace }) => {
    factorWithRidge(kernels, block, size, 0, factor, workspace);
    memory.f64(solution, size * d).set(inverseRows);
    wasm.choleskySolve(factor, size, size, solution, d, workspace);
    return memory.f64(solution, size * d).slice();
  });
}

/** Moments of XT and Y − XR. */
function followMoments(
  kernels: Kernels,
  moments: Omit<Moments, "half">,
  followers: Followers,
  residuals: readonly Float64Array[],
): Moments[] {
  const { wasm, memory } = kernels;
  const { d, n, gram } = moments;
  const widest = Math.max(0, ...followers.map(({ length }) => length / d)) + n;
  return memory.withScratch({
    gram: d * d * F64_BYTES,
    factors: d * widest * F64_BYTES,
    negated: d * widest * F64_BYTES,
    workspace: wasm.choleskyWorkspaceBytes(),
  }, (at) => {
    memory.f64(at.gram, d * d).set(gram);
    return followers.map((follower, index) => {
      const size = follower.length / d, width = size + n;
      const factors = memory.f64(at.factors, d * width);
      for (let row = 0; row < d; row++) {
        for (let i = 0; i < size; i++) factors[row * width + i] = follower[i * d + row];
        factors.set(residuals[index].subarray(row * n, (row + 1) * n), row * width + size);
      }
      const negated = memory.f64(at.negated, d * width).fill(0);
      wasm.subtractProduct(at.negated, at.gram, d, at.factors, width, at.workspace);
      return combine(moments, follower, residuals[index], negated);
    });
  });
}

/** Puts G′ = TᵀGT, C′ = Tᵀ(C − GR) and the sums together; `negated` is −G·[T R]. */
function combine(
  { d, n, count, cross, sumX, sumY, sumYY }: Omit<Moments, "half">,
  follower: Float64Array,
  residual: Float64Array,
  negated: Float64Array,
): Moments {
  const size = follower.length / d, width = size + n;
  const joined = new Float64Array(size * width);
  for (let i = 0; i < size; i++) {
    for (let row = 0; row < d; row++) {
      const factor = follower[i * d + row];
      if (factor === 0) continue;
      for (let j = 0; j < width; j++) joined[i * width + j] -= factor * negated[row * width + j];
      for (let o = 0; o < n; o++) joined[i * width + size + o] -= factor * cross[row * n + o];
    }
  }
  const gram = new Float64Array(size * size), products = new Float64Array(size * n);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      gram[i * size + j] = (joined[i * width + j] + joined[j * width + i]) / 2;
    }
    for (let o = 0; o < n; o++) products[i * n + o] = -joined[i * width + size + o];
  }
  const squares = sumYY.slice(), sums = sumY.slice();
  for (let at = 0; at < d * n; at++) {
    const row = Math.floor(at / n), o = at % n;
    squares[o] -= residual[at] * (2 * cross[at] + negated[row * width + size + o]);
    sums[o] -= residual[at] * sumX[row];
  }
  const newX = new Float64Array(size);
  follower.forEach((factor, at) => newX[Math.floor(at / d)] += factor * sumX[at % d]);
  return {
    d: size,
    n,
    count,
    gram,
    cross: products,
    sumX: newX,
    sumY: sums,
    sumYY: squares.map((square) => Math.max(0, square)),
  };
}
