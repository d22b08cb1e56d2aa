import { type BudgetProblem, checkProblem, type Choice, weigh } from "./budget_problem.ts";
import { fillBudget } from "./descent.ts";
import { type EliminationTree, layOutElimination } from "./elimination_tree.ts";
import { type DualSolution, Lagrangian, maximizeBound } from "./lagrangian.ts";
import { sweepFrontiers } from "./pareto_elimination.ts";
import {
  type Budget,
  budgetOf,
  descendToCheapest,
  requireReachable,
  TABLE_LIMIT,
} from "./reach.ts";
import { boundByMessages } from "./message_bound.ts";
import { boundByTangents } from "./tangent_bound.ts";
import { solveByThinning } from "./thinning.ts";

/** Settings of {@link chooseCounts}. */
export interface BudgetOptions {
  /**
   * Parts that the budget is cut into when Pareto sets are thinned; 0 for none. By default none are while the sets stay
   * small, then 4096.
   */
  readonly buckets?: number;
  /** The most table entries of an exact search; above it the answer comes from thinned options. Default 4 million. */
  readonly tableLimit?: number;
  /** The most partial choices before Pareto sets are thinned. Default 5 million. */
  readonly pointLimit?: number;
}

/** The counts chosen, and the evidence for them. */
export interface BudgetSolution {
  /** A count for every unit. */
  readonly counts: number[];
  /** Σ error. */
  readonly error: number;
  /** Σ cost, at most the budget. */
  readonly cost: number;
  /** The budget: the wanted share of the cost of the whole network, and 1e-12 of it for rounding. */
  readonly budget: number;
  /** How the counts were found. */
  readonly method: "elimination" | "thinning";
  /** No counts within the budget have a smaller error: a Lagrangian bound, 0 where none is known. */
  readonly lowerBound: number;
  /** No counts that stay below the budget by this have a smaller error; 0 proves the optimum. */
  readonly costSlack: number;
  /** Partial choices looked at. */
  readonly points: number;
}

/** The most partial choices before Pareto sets are thinned, by default. */
const POINT_LIMIT = 5e6;

/** Buckets that Pareto sets are thinned to when they grow too large. */
const BUCKETS = 4096;

/** How many times as many partial choices may be looked at with buckets, which need no sorting. */
const BUCKET_POINTS = 40;

/** Shares of the duality gap in which the optimum is looked for, one after the other. */
const GAP_SHARES = [1 / 64, 1 / 8, 1];

/**
 * Chooses the channel counts k_u of all units that
 *
 *     minimize  Σ_u error_u(k_u)   subject to   Σ_t cost_t(k_u, u in t) ≤ share · Σ_t cost_t(whole).
 *
 * error_u(k) is the relative squared error of the layers that read unit u after reconstruction from the best k channels
 * (He et al. 2017, arXiv 1707.06168, eq. 1; summed over its readers), so the sum takes every layer's error as if the
 * others were whole. Each term reads few units: a convolution costs coefficient · k_in · k_out.
 *
 * The answer is exact: units are eliminated one after the other (bucket elimination, Dechter 1999) with Pareto sets of
 * (cost, error). Beforehand the Lagrangian dual gives a lower bound L and a choice with error U within the budget; partial
 * choices whose Lagrangian exceeds U with every completion are dropped, which leaves few (reduced-cost fixing).
 *
 * With `buckets`, of the partial choices whose costs fall between neighboring multiples of w = budget / buckets only the
 * best stays. Costs stay exact, so the budget holds. Each of the m mergers that dropped something replaces a partial
 * choice by one with no larger error that costs less than w more, hence
 *
 *     error(answer) ≤ min { Σ error : Σ cost ≤ budget − m · w };      `costSlack` is m · w, m at most 2 · units + 1.
 *
 * Where the tables would exceed `tableLimit`, for units are wide or closely tied, the problem is solved with few options of
 * each unit, then with ever closer ones around the answer. The budget still holds. How far the answer may be from the best
 * is told by the dual bound of the whole problem, where every term is linear in the count of each unit that it reads and
 * tables over few options have room; elsewhere by a bound on the dual that tables over two units give, which all terms
 * of two units have. Otherwise nothing is proven.
 *
 * @param problem Units and terms.
 * @param share Share of the cost to keep, in (0, 1].
 * @param options Settings.
 * @returns The counts and the evidence.
 * @throws {InputError} When the budget cannot be reached; the least share that can is named.
 * @throws {TypeError} When the problem makes no sense.
 */
export function chooseCounts(
  problem: BudgetProblem,
  share: number,
  options: BudgetOptions = {},
): BudgetSolution {
  checkProblem(problem);
  const goal = { ...options, ...budgetOf(problem, share) };
  const tree = layOutElimination(problem, options.tableLimit ?? TABLE_LIMIT);
  const { choice, ...evidence } = tree
    ? solveExactly(problem, tree, goal)
    : solveThinned(problem, goal);
  const counts = problem.units.map(({ counts }, unit) => counts[choice.options[unit]]);
  const { error, cost } = weigh(problem, choice.options);
  return { counts, error, cost, budget: goal.budget, ...evidence };
}

type Answer = { choice: Choice } & Omit<BudgetSolution, "counts" | "error" | "cost" | "budget">;

type Goal = BudgetOptions & Budget;

function solveExactly(problem: BudgetProblem, tree: EliminationTree, goal: Goal): Answer {
  const lagrangian = new Lagrangian(tree);
  const cheapest = lagrangian.minimize(1, 0);
  requireReachable(cheapest, goal);
  const dual = maximizeBound(lagrangian, goal.budget, cheapest);
  const incumbent = fillBudget(problem, dual.feasible.options, goal.budget);
  const closed = closeGap(tree, lagrangian, { dual, incumbent }, goal);
  const lowerBound = Math.max(0, Math.min(dual.lowerBound, closed.choice.error));
  return { method: "elimination", lowerBound, ...closed };
}

/**
 * Looks for the optimum between the dual's bound and the best choice known, at first near the bound: a sweep that finds a
 * choice within its error limit has found the best.
 */
function closeGap(
  tree: EliminationTree,
  lagrangian: Lagrangian,
  { dual: { lambda, lowerBound }, incumbent }: { dual: DualSolution; incumbent: Choice },
  { budget, buckets: wanted, pointLimit = POINT_LIMIT }: Goal,
): { choice: Choice; costSlack: number; points: number } {
  const gap = incumbent.error - lowerBound;
  let [choice, buckets, points] = [incumbent, wanted ?? 0, 0];
  for (const share of GAP_SHARES) {
    const errorLimit = share === 1
      ? choice.error
      : Math.min(choice.error, lowerBound + share * gap);
    const sweepWith = (count: number) => {
      const limit = count === 0 ? pointLimit : BUCKET_POINTS * pointLimit;
      const limits = { budget, lambda, errorLimit, buckets: count, points: limit };
      return sweepFrontiers(tree, lagrangian, limits);
    };
    let sweep = sweepWith(buckets);
    while (sweep === undefined && buckets !== 1) {
      buckets = buckets === 0 ? BUCKETS : Math.ceil(buckets / 4);
      sweep = sweepWith(buckets);
    }
    if (sweep === undefined) return { choice, costSlack: budget, points };
    points += sweep.points;
    if (sweep.choice !== undefined && isBetter(sweep.choice, choice)) choice = sweep.choice;
    if (choice.error <= errorLimit) {
      return { choice, costSlack: buckets === 0 ? 0 : sweep.thinned * budget / buckets, points };
    }
  }
  return { choice, costSlack: 0, points };
}

function isBetter(first: Choice, second: Choice): boolean {
  return first.error < second.error ||
    (first.error === second.error && first.cost < second.cost);
}

function solveThinned(problem: BudgetProblem, { budget, whole }: Goal): Answer {
  const cheapest = descendToCheapest(problem);
  requireReachable(cheapest, { budget, whole });
  const dual = boundByTangents(problem, budget);
  const choice = solveByThinning(problem, budget, cheapest, dual?.options);
  const bound = choice.error > 0 ? dual?.bound ?? boundByMessages(problem, budget) : 0;
  return {
    choice,
    method: "thinning",
    lowerBound: Math.min(bound ?? 0, choice.error),
    costSlack: budget,
    points: 0,
  };
}
