import { sumTerms } from "../../../cost/mod.ts";
import { type Budget, findCheapest, requireReachable } from "../budget/reach.ts";
import { channelsOf, nearestOption, problemOf, type SearchSpace } from "./search_space.ts";

/** What the lower bounds follow from. */
export interface BoundOptions {
  /** Share of the cost to keep, in (0, 1]. */
  readonly share: number;
  /** What the network may cost; nothing is asked of the bounds when absent. */
  readonly budget?: Budget;
  /** Counts that lie within the bounds whatever else holds. */
  readonly start?: ArrayLike<number>;
}

/** The bounds fall below the scale at which the unit would be rounded to a larger option. */
interface Step {
  readonly unit: number;
  readonly option: number;
  readonly scale: number;
}

/**
 * Finds the fewest channels that an action may leave of every unit: the allowed count nearest to
 *
 *     scale · min(1.5 · log₁₀(1 + share), start_u / channels_u) · channels_u,
 *
 * with the largest scale ≤ 1 at which these counts together meet the budget. Where no scale is small enough, because a
 * cost falls when a count rises, the bounds are the choice that costs least.
 *
 * @param space The space.
 * @param options What the bounds follow from.
 * @returns The option of every unit, by index into its counts.
 * @throws {InputError} When the budget cannot be reached; the least share that can is named.
 */
export function findLowerBounds(
  space: SearchSpace,
  { share, budget, start }: BoundOptions,
): Int32Array {
  const { units, terms } = space;
  const ratio = 1.5 * Math.log10(1 + share);
  const wanted = units.map((unit, index) =>
    Math.min(ratio * channelsOf(unit), start?.[index] ?? Infinity)
  );
  const options = Int32Array.from(units, (unit, index) => nearestOption(unit, wanted[index]));
  if (budget === undefined) return options;
  const counts = units.map((unit, index) => unit.counts[options[index]]);
  const isMet = () => sumTerms(terms, counts) <= budget.budget;
  if (isMet()) return options;
  for (const { unit, option } of listSteps(space, options, wanted)) {
    options[unit] = option;
    counts[unit] = units[unit].counts[option];
    if (isMet()) return options;
  }
  const cheapest = findCheapest(problemOf(space));
  requireReachable(cheapest, budget);
  return cheapest.options;
}

/** The steps down from some options to the smallest counts, in the order in which a falling scale makes them. */
function listSteps(
  { units }: SearchSpace,
  options: Int32Array,
  wanted: readonly number[],
): Step[] {
  const steps = units.flatMap(({ counts }, unit) =>
    Array.from({ length: options[unit] }, (_, option): Step => {
      const between = (counts[option] + counts[option + 1]) / 2;
      return { unit, option, scale: between / wanted[unit] };
    })
  );
  return steps.sort((a, b) => b.scale - a.scale || a.unit - b.unit || b.option - a.option);
}
