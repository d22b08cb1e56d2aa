import type { CostTerm } from "../../../cost/mod.ts";
import type { BudgetProblem, BudgetUnit } from "./budget_problem.ts";

/** The most units of a term that is looked at: it has 2 to their number corners. */
const MOST_UNITS = 6;

/** Difference that rounding may make, relative to the largest cost of a term. */
const ROUNDING = 1e-9;

/**
 * The same terms for counts between the allowed ones, where each is linear in the count of every unit that it reads, the
 * others held: multiply-accumulates and parameters are, P · kh · kw · k_in · k_out.
 *
 * @param problem The problem.
 * @returns The terms; undefined when one of them is not so.
 */
export function multilinearTerms({ units, terms }: BudgetProblem): CostTerm[] | undefined {
  const found = terms.map((term) => interpolateTerm(term, term.units.map((unit) => units[unit])));
  return found.every((term) => term !== undefined) ? found : undefined;
}

/** Interpolates a term between the corners of what is allowed; undefined when it is another function. */
function interpolateTerm(
  term: CostTerm,
  units: readonly BudgetUnit[],
): CostTerm | undefined {
  if (units.length > MOST_UNITS) return undefined;
  const ends = units.map(({ counts }) => [counts[0], counts[counts.length - 1]]);
  const corners = Float64Array.from(
    { length: 2 ** units.length },
    (_, corner) => term.cost(...ends.map((own, place) => own[(corner >> place) & 1])),
  );
  const cost = (...counts: number[]): number => {
    const sums = corners.slice();
    counts.forEach((count, place) => {
      const [low, high] = ends[place];
      const share = high === low ? 0 : (count - low) / (high - low);
      const half = 2 ** (units.length - place - 1);
      for (let rest = 0; rest < half; rest++) {
        sums[rest] = sums[2 * rest] + share * (sums[2 * rest + 1] - sums[2 * rest]);
      }
    });
    return sums[0];
  };
  const tolerance = ROUNDING * Math.max(...corners.map(Math.abs));
  const agrees = linesThrough(units).every((counts) =>
    Math.abs(cost(...counts) - term.cost(...counts)) <= tolerance
  );
  return agrees ? { units: term.units, cost } : undefined;
}

/** All counts of each unit, the others at a corner or in their middle. */
function linesThrough(units: readonly BudgetUnit[]): number[][] {
  const places = (option: (length: number) => number) =>
    units.map(({ counts }) => counts[option(counts.length)]);
  const middle = places((length) => length >> 1);
  const corners = Array.from(
    { length: 2 ** units.length },
    (_, corner) =>
      units.map(({ counts }, place) =>
        (corner >> place) & 1 ? counts[counts.length - 1] : counts[0]
      ),
  );
  return [middle, ...corners].flatMap((base) =>
    units.flatMap(({ counts }, place) => Array.from(counts, (count) => base.with(place, count)))
  );
}
