import type { LassoKnot, LassoPath, LassoProblem } from "../../src/pruning/selection/lasso_path.ts";
import { solveLinear } from "./linear_algebra.ts";

/** Twin of `followLassoPath`: every direction and every remainder from a linear system solved afresh. */
export function naiveLassoPath({ quadratic, linear }: LassoProblem): LassoPath {
  const size = linear.length;
  const variables = Array.from({ length: size }, (_, variable) => variable);
  const a = (i: number, j: number) => quadratic[i * size + j];
  const beta = new Float64Array(size);
  const signs = new Map<number, number>();
  const collinear = new Set<number>();
  const knots: LassoKnot[] = [];

  /** A_SS⁻¹ times a right-hand side over the active variables. */
  function solveActive(right: (variable: number) => number): Map<number, number> {
    const active = [...signs.keys()];
    const block = active.flatMap((i) => active.map((j) => a(i, j)));
    const solution = solveLinear(block, active.map(right), active.length, 1);
    return new Map(active.map((variable, index) => [variable, solution[index]]));
  }

  function isIndependent(variable: number): boolean {
    const projection = solveActive((other) => a(other, variable));
    let rest = a(variable, variable);
    for (const [other, share] of projection) rest -= a(variable, other) * share;
    return rest > 1e-10 * a(variable, variable);
  }

  let lambda = Math.max(...linear.map(Math.abs));
  const smallest = 1e-10 * lambda;
  let dropped: { variable: number; sign: number } | undefined;
  let left = 8 * size + 1;
  for (; left > 0 && lambda > smallest; left--) {
    const direction = solveActive((variable) => signs.get(variable)!);
    const step = { length: lambda, variable: -1, sign: 0 };
    for (const variable of variables) {
      if (signs.has(variable) || collinear.has(variable)) continue;
      let correlation = linear[variable], slope = 0;
      for (const [other, growth] of direction) {
        correlation -= a(other, variable) * beta[other];
        slope += a(other, variable) * growth;
      }
      for (const sign of [1, -1]) {
        if (variable === dropped?.variable && sign === dropped.sign) continue;
        const gap = lambda - sign * correlation, closing = 1 - sign * slope;
        const isParallel = closing <= 1e-12;
        if (isParallel && (closing < -1e-9 || gap > 1e-9 * lambda)) continue;
        const length = isParallel ? 0 : Math.max(0, gap / closing);
        if (length < step.length) Object.assign(step, { length, variable, sign });
      }
    }
    for (const [variable, growth] of direction) {
      const length = Math.max(0, -beta[variable] / growth);
      const shrinks = growth * signs.get(variable)! < 0;
      if (shrinks && length < step.length) Object.assign(step, { length, variable, sign: 0 });
    }

    for (const [variable, growth] of direction) beta[variable] += step.length * growth;
    lambda -= step.length;
    dropped = undefined;
    const { variable, sign } = step;
    if (variable < 0) continue;
    if (sign === 0) {
      dropped = { variable, sign: signs.get(variable)! };
      signs.delete(variable);
      beta[variable] = 0;
      collinear.clear();
    } else if (isIndependent(variable)) {
      signs.set(variable, sign);
    } else {
      collinear.add(variable);
      continue;
    }
    const change = sign === 0 ? "drop" : "enter";
    const coefficients = beta.slice();
    knots.push({ lambda, variable, change, activeCount: signs.size, coefficients });
  }
  return {
    size,
    knots,
    finalLambda: lambda,
    finalCoefficients: beta,
    collinear: Int32Array.from(collinear).sort(),
    status: lambda > smallest ? "step-limit" : "complete",
  };
}
