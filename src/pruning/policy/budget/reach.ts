import { InputError, option } from "../../../base/mod.ts";
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
 * @throws {InputError} When even that costs more; the least share that can be reached is named.
 */
export function requireReachable(cheapest: Choice, { budget, whole }: Budget): void {
  if (cheapest.cost <= budget) return;
  const least = Math.ceil(1e4 * cheapest.cost / whole) / 1e4;
  throw new InputError([
    `choosing channel counts: found ${least} as the least share that can be reached, ` +
    `wanted ${(budget / whole).toPrecision(3)}; give `,
    option("share"),
    ` ${least} or more`,
  ]);
}

/**
 * Insists that a share can be reached, before any work: costs follow from the network alone.
 *
 * @param problem The decisions with their costs; errors do not matter.
 * @param share The share.
 * @throws {InputError} When it is out of range, or even the cheapest choice costs more.
 */
export function requireReachableShare(problem: BudgetProblem, share: number): void {
  const budget = budgetOf(problem, share);
  requireReachable(findCheapest(problem), budget);
}
