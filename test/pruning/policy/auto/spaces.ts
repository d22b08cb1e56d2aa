import type { BudgetProblem } from "../../../../src/pruning/policy/budget/budget_problem.ts";
import type { Evaluation } from "../../../../src/pruning/policy/auto/rollout.ts";
import type { SearchSpace } from "../../../../src/pruning/policy/auto/search_space.ts";

/** A budget problem as the agent meets it. */
export function spaceOf({ units, terms }: BudgetProblem): SearchSpace {
  return {
    units: units.map(({ name, counts }, index) => {
      const channels = counts[counts.length - 1];
      const side = 1024 / channels;
      const features = { filters: channels, height: side, width: side, stride: 1 + index % 2 };
      return { name, counts, features: { ...features, macs: 9 * (channels * side) ** 2 } };
    }),
    terms,
  };
}

/** The sum of the errors of counts. */
export function errorOfCounts({ units }: BudgetProblem, counts: readonly number[]): number {
  return units.reduce(
    (sum, unit, index) => sum + unit.errors[Array.from(unit.counts).indexOf(counts[index])],
    0,
  );
}

/** A network that loses more with the errors of its counts, whose sum is its loss. */
export function evaluatorOf(
  problem: BudgetProblem,
): (counts: readonly number[]) => Promise<Evaluation> {
  return (counts) => {
    const loss = errorOfCounts(problem, counts);
    return Promise.resolve({ error: 1 - Math.exp(-loss), loss });
  };
}

/** Options at which a search takes little time. */
export const quick = { agent: { width: 16, batchSize: 16 }, rollouts: 30, rolloutsMin: 10 };
