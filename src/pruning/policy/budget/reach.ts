import { InputError, type Message, option } from "../../../base/mod.ts";
import { type BudgetProblem, type Choice, costOf, wholeOptions } from "./budget_problem.ts";
import { descend } from "./descent.ts";
import { layOutElimination } from "./elimination_tree.ts";
import { Lagrangian } from "./lagrangian.ts";

/** What may be spent. */
export interface Budget {
  /** Cost of the whole network. */
  readonly whole: number;
  /** The wanted share of it, and 1e-12 of that for rounding. */
  readonly budget: number;
}

/** The most table entries of an exact search, by default. */
export const TABLE_LIMIT = 4e6;

/** Room for rounding, relative: terms add up in different orders. */
const ROUNDING = 1e-12;

/**
 * Reads a budget.
 *
 * @param problem The problem.
 * @param share Share of the cost to keep, in (0, 1].
 * @returns The budget.
 * @throws {InputError} When the share is out of range.
 */
export function budgetOf(problem: BudgetProblem, share: number): Budget {
  if (!(share > 0 && share <= 1)) {
    throw new InputError(
      `reading the budget: found ${share}, wanted a number above 0, at most 1; give such a number`,
    );
  }
  const whole = costOf(problem, wholeOptions(problem));
  return { whole, budget: share * whole * (1 + ROUNDING) };
}

/**
 * Finds the choice that costs least: by elimination, or by descent where its tables would grow too large.
 *
 * @param problem The problem.
 * @returns The choice.
 */
export function findCheapest(problem: BudgetProblem): Choice {
  const tree = layOutElimination(problem, TABLE_LIMIT);
  return tree ? new Lagrangian(tree).minimize(1, 0) : descendToCheapest(problem);
}

/**
 * Goes down to a choice whose cost no single unit can lower.
 *
 * @param problem The problem.
 * @returns The choice.
 */
export function descendToCheapest(problem: BudgetProblem): Choice {
  return descend(problem, new Int32Array(problem.units.length), 1, 0);
}

/**
 * Insists that a budget can be reached.
 *
 * @param cheapest The choice that costs least.
 * @param budget The budget.
 * @param others What else helps, behind the share that can be reached.
 * @throws {InputError} When even that costs more; the least share that can be reached is named.
 */
export function requireReachable(
  cheapest: Choice,
  { budget, whole }: Budget,
  others?: () => Message,
): void {
  if (cheapest.cost <= budget) return;
  const least = shareNamed(cheapest, whole);
  throw new InputError([
    `choosing channel counts: found ${least} as the least share that can be reached, ` +
    `wanted ${(budget / whole).toPrecision(3)}; give `,
    option("share"),
    ` ${least} or more`,
    ...others?.() ?? [],
  ]);
}

/** The share that a choice costs, rounded up to what messages say. */
function shareNamed({ cost }: Choice, whole: number): number {
  return Math.ceil(1e4 * cost / whole) / 1e4;
}

/**
 * Insists that a share can be reached, before any work: costs follow from the network alone.
 *
 * @param problem The decisions with their costs; errors do not matter.
 * @param share The share.
 * @param withSlowSelectors The same decisions where convolutions may be cut whose selectors take more time than they save.
 * @throws {InputError} When it is out of range, or even the cheapest choice costs more; slow selectors are named where they
 * would help.
 */
export function requireReachableShare(
  problem: BudgetProblem,
  share: number,
  withSlowSelectors?: () => BudgetProblem,
): void {
  const budget = budgetOf(problem, share);
  const cheapest = findCheapest(problem);
  requireReachable(cheapest, budget, () => {
    const insistent = withSlowSelectors && findCheapest(withSlowSelectors());
    if (insistent === undefined || insistent.cost >= cheapest.cost) return [];
    const least = shareNamed(insistent, budget.whole);
    return [", or ", option("slowSelectors"), `, with which ${least} can be reached`];
  });
}
