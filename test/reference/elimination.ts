import { solveLinear } from "./linear_algebra.ts";
import type { WholeProblem } from "./samples.ts";

/** Least squared error Σ‖Y − XW'‖² + ρ‖W' − W‖² when only `kept` channels may be read, by solving afresh. */
export function naiveRefitError(
  problem: WholeProblem,
  kept: (channel: number) => boolean,
  rho: number,
): { objective: number; squaredError: number } {
  const { moments: { d, n, gram, cross, sumYY }, weights, positions, channelOf } = problem;
  const rows = Array.from({ length: d }, (_, row) => row)
    .filter((row) => kept(channelOf[row % positions]));
  const size = rows.length;
  const left = rows.flatMap((r, i) => rows.map((s, j) => gram[r * d + s] + (i === j ? rho : 0)));
  const right = rows.flatMap((r) =>
    Array.from({ length: n }, (_, o) => cross[r * n + o] + rho * weights[r * n + o])
  );
  const solution = solveLinear(left, right, size, n);
  let squaredError = sumYY.reduce((sum, value) => sum + value, 0);
  let penalty = weights.reduce((sum, value) => sum + value * value, 0);
  for (let o = 0; o < n; o++) {
    rows.forEach((r, i) => {
      const value = solution[i * n + o], old = weights[r * n + o];
      squaredError -= 2 * value * cross[r * n + o];
      penalty += (value - old) ** 2 - old ** 2;
      rows.forEach((s, j) => squaredError += value * gram[r * d + s] * solution[j * n + o]);
    });
  }
  return { objective: squaredError + rho * penalty, squaredError };
}

/** Twin of elimination: refits every candidate at every step. Ties go to the lower index. */
export function naiveRemovalOrder(problems: WholeProblem[], rhos: number[]): number[] {
  const left = Array.from({ length: problems[0].channels }, (_, channel) => channel);
  const order: number[] = [];
  while (left.length > 0) {
    const errors = left.map((victim) =>
      problems.reduce((sum, problem, j) => {
        const kept = (channel: number) => channel !== victim && left.includes(channel);
        const total = problem.moments.sumYY.reduce((a, b) => a + b, 0);
        return sum + naiveRefitError(problem, kept, rhos[j]).objective / total;
      }, 0)
    );
    const [gone] = left.splice(errors.indexOf(Math.min(...errors)), 1);
    order.push(gone);
  }
  return order;
}
