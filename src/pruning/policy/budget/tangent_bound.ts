import type { BudgetProblem, BudgetUnit, Choice } from "./budget_problem.ts";
import { layOutElimination } from "./elimination_tree.ts";
import { Lagrangian, maximizeBound } from "./lagrangian.ts";
import { multilinearTerms } from "./multilinear.ts";
import { TangentPolyline } from "./tangent_polyline.ts";

/** The most times that tangents are added. */
const MOST_ROUNDS = 16;

/** The bound is as good as it gets when it rises by less than this, relative. */
const LEAST_RISE = 1e-5;

/** The most table entries. */
const TABLE_LIMIT = 4e6;

/** A lower bound, and where it comes from. */
export interface TangentBound {
  /** No choice within the budget has a smaller error. */
  readonly bound: number;
  /** By unit, the options between which the Lagrangian was least on the way: the best choice is likely near them. */
  readonly options: readonly (readonly number[])[];
}

/**
 * A lower bound on the error within a budget, for problems whose tables over all options would be too large.
 *
 * Where the cost is linear in the count of each unit, the others held, the Lagrangian
 *
 *     Σ_u error_u(k_u) + λ · (cost(k) − budget)
 *
 * is least at corners of the lower hulls of the errors: along one unit it is that unit's hull and a straight line. A
 * convex polyline below the hull, the upper envelope of some of its tangents, gives a bound that is least at the corners
 * of these polylines in the same way; they are few, and need not be counts that exist. Tangents are added where the
 * Lagrangian is least (Kelley 1960, "The cutting-plane method") until the bound stands still: then it is the dual bound
 * of the whole problem.
 *
 * @param problem The problem.
 * @param budget The budget; something costs no more.
 * @returns The bound; undefined where the cost is no such function, or too many units are tied to each other.
 */
export function boundByTangents(
  problem: BudgetProblem,
  budget: number,
): TangentBound | undefined {
  const terms = multilinearTerms(problem);
  if (terms === undefined) return undefined;
  const polylines = problem.units.map((unit) => new TangentPolyline(unit));
  let bound: number | undefined;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const units = polylines.map((polyline) => polyline.unit());
    const tree = layOutElimination({ units, terms }, TABLE_LIMIT);
    if (tree === undefined) break;
    const lagrangian = new Lagrangian(tree);
    const cheapest = lagrangian.minimize(1, 0);
    // Rounding alone can make the cheapest choice cost more here.
    if (cheapest.cost > budget) break;
    const { lambda, lowerBound } = maximizeBound(lagrangian, budget, cheapest);
    const isStill = bound !== undefined &&
      lowerBound - bound <= LEAST_RISE * Math.abs(lowerBound);
    bound = Math.max(bound ?? 0, lowerBound);
    const least = [1 - LEAST_RISE, 1 + LEAST_RISE].map((factor) =>
      lagrangian.minimize(factor * lambda)
    );
    if (!addTangents(polylines, units, least) || isStill) break;
  }
  return bound === undefined
    ? undefined
    : { bound, options: polylines.map(({ touched }) => touched) };
}

function addTangents(
  polylines: readonly TangentPolyline[],
  units: readonly BudgetUnit[],
  choices: readonly Choice[],
): boolean {
  let hasAdded = false;
  for (const { options } of choices) {
    polylines.forEach((polyline, unit) => {
      hasAdded = polyline.touchAt(units[unit].counts[options[unit]]) || hasAdded;
    });
  }
  return hasAdded;
}
