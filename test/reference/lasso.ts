import type { Moments } from "../../src/kernels/moments.ts";
import type { PositionProblem } from "../../src/kernels/contraction.ts";
import type { LassoProblem } from "../../src/pruning/selection/lasso_path.ts";

/** Twin of `contractMoments`: the double sum as it is written. */
export function naiveContraction(
  { d, n, gram, cross }: Moments,
  weights: ArrayLike<number>,
  positions: number,
): PositionProblem {
  const quadratic = new Float64Array(positions * positions);
  const linear = new Float64Array(positions);
  for (let r = 0; r < d; r++) {
    for (let o = 0; o < n; o++) linear[r % positions] += weights[r * n + o] * cross[r * n + o];
    for (let s = 0; s < d; s++) {
      let product = 0;
      for (let o = 0; o < n; o++) product += weights[r * n + o] * weights[s * n + o];
      quadratic[(r % positions) * positions + s % positions] += gram[r * d + s] * product;
    }
  }
  return { quadratic, linear };
}

/** Twin of `followLassoPath` at one λ: cyclic coordinate descent until nothing moves. */
export function coordinateDescentLasso(
  { quadratic, linear }: LassoProblem,
  lambda: number,
): Float64Array {
  const size = linear.length;
  const coefficients = new Float64Array(size);
  for (let sweep = 0; sweep < 100_000; sweep++) {
    let largestMove = 0;
    for (let j = 0; j < size; j++) {
      let correlation = linear[j] + quadratic[j * (size + 1)] * coefficients[j];
      for (let k = 0; k < size; k++) correlation -= quadratic[j * size + k] * coefficients[k];
      const shrunk = Math.sign(correlation) * Math.max(0, Math.abs(correlation) - lambda);
      const value = shrunk / quadratic[j * (size + 1)];
      largestMove = Math.max(largestMove, Math.abs(value - coefficients[j]));
      coefficients[j] = value;
    }
    if (largestMove < 1e-13) return coefficients;
  }
  throw new Error("coordinate descent does not settle");
}
