import {
  type BudgetProblem,
  type BudgetUnit,
  type Choice,
  type Options,
  weigh,
} from "./budget_problem.ts";
import { descend, fillBudget, searchByDescent } from "./descent.ts";
import { layOutElimination } from "./elimination_tree.ts";
import { Lagrangian, maximizeBound } from "./lagrangian.ts";

/** Options that each unit is left at first. */
const MOST_OPTIONS = 20;

/** With fewer than these the tables may grow too large all the same: then coordinate descent answers. */
const LEAST_OPTIONS = 6;

/** The most table entries of a problem thinned so; likely options, which come on top, may take it to the second limit. */
const TABLE_LIMIT = 5e5;
const LARGEST_TABLES = 4e6;

/** Options on either side of the answer that the next problem has, a step apart. */
const REACH = 3;

/** Options far from the answer that it has beside them. */
const LANDMARKS = 5;

/** The most problems with options one apart; the answer moves on between them. */
const FINAL_PROBLEMS = 6;

/** Which options of every unit are looked at: ascending indices into its counts. */
type Thinning = readonly Int32Array[];

/**
 * Chooses options where tables over all of them would be too large. The problem is solved with few options of each unit,
 * likely ones or those that its errors are best drawn through, then with ever closer ones around the answer, at last one apart. What is
 * left of the budget is spent greedily on any options.
 *
 * @param problem The problem.
 * @param budget What may be spent.
 * @param cheapest A choice within the budget.
 * @param likely By unit, options that the answer is likely to be near.
 * @returns A choice within the budget.
 */
export function solveByThinning(
  problem: BudgetProblem,
  budget: number,
  cheapest: Choice,
  likely?: readonly (readonly number[])[],
): Choice {
  const { units } = problem;
  const most = mostOptions(problem);
  const first = units.map((unit, index) =>
    likely
      ? Int32Array.from([...drawThrough(unit, LANDMARKS), ...likely[index].slice(-MOST_OPTIONS)])
      : drawThrough(unit, most ?? MOST_OPTIONS)
  );
  const landmarks = units.map((unit) => drawThrough(unit, LANDMARKS));
  const solve = (thinning: Thinning, best: Choice): Choice => {
    const options = thinning.map((own, unit) =>
      ascending([...own, best.options[unit], cheapest.options[unit]])
    );
    const found = solveThinned(problem, options, {
      budget,
      cheapest,
      byTables: most !== undefined,
    });
    return found.error < best.error ? found : best;
  };
  let best = solve(first, cheapest);
  const around = (part: number): Thinning =>
    units.map(({ counts }, unit) => {
      const step = Math.max(1, Math.round(part * counts.length));
      const near = Array.from(
        { length: 2 * REACH + 1 },
        (_, index) => best.options[unit] + (index - REACH) * step,
      ).filter((option) => option >= 0 && option < counts.length);
      return Int32Array.from([...landmarks[unit], ...near]);
    });
  const largest = Math.max(1, ...units.map(({ counts }) => counts.length));
  for (let part = 1 / (REACH * MOST_OPTIONS); part * largest > 1; part /= 2) {
    best = solve(around(part), best);
  }
  for (let round = 0; round < FINAL_PROBLEMS; round++) {
    const found = solve(around(0), best);
    if (found === best) break;
    best = found;
  }
  return fillBudget(problem, best.options, budget);
}

/** How many options a unit may have for all tables to have room; undefined when even few are too many. */
function mostOptions(problem: BudgetProblem): number | undefined {
  for (let most = MOST_OPTIONS; most >= LEAST_OPTIONS; most--) {
    // The answer and the cheapest choice come on top.
    const thinned = pick(problem, problem.units.map((unit) => drawThrough(unit, most + 2)));
    if (layOutElimination(thinned, TABLE_LIMIT)) return most;
  }
}

interface ThinGoal {
  readonly budget: number;
  readonly cheapest: Choice;
  readonly byTables: boolean;
}

function solveThinned(
  problem: BudgetProblem,
  options: Thinning,
  { budget, cheapest, byTables }: ThinGoal,
): Choice {
  const thinned = pick(problem, options);
  const start = weigh(
    thinned,
    cheapest.options.map((option, unit) => options[unit].indexOf(option)),
  );
  const tree = byTables ? layOutElimination(thinned, LARGEST_TABLES) : undefined;
  const found = tree
    ? fillBudget(
      thinned,
      maximizeBound(new Lagrangian(tree), budget, start).feasible.options,
      budget,
    )
    : searchByDescent(thinned, budget, start, descend(thinned, wholeOf(options), 0));
  return weigh(problem, found.options.map((option, unit) => options[unit][option]));
}

/** The problem with some of its options. */
function pick({ units, terms }: BudgetProblem, options: Thinning): BudgetProblem {
  const thinned = units.map(({ name, counts, errors }, unit) => ({
    name,
    counts: Array.from(options[unit], (option) => counts[option]),
    errors: Array.from(options[unit], (option) => errors[option]),
  }));
  return { units: thinned, terms };
}

function wholeOf(options: Thinning): Options {
  return Int32Array.from(options, ({ length }) => length - 1);
}

/**
 * The options that a polyline through the errors needs most: first and last, then again and again the one that is
 * farthest from the line (Ramer 1972; Douglas and Peucker 1973).
 *
 * @param unit A unit.
 * @param most How many.
 * @returns At most that many options, ascending.
 */
function drawThrough({ counts, errors }: BudgetUnit, most: number): Int32Array {
  const drawn = [0, counts.length - 1];
  const spans = [farthestBetween(0, counts.length - 1, counts, errors)];
  while (drawn.length < most) {
    const next = spans.reduce(
      (best, span, index) => span.distance > spans[best].distance ? index : best,
      0,
    );
    const { from, to, option, distance } = spans[next];
    if (!(distance > 0)) break;
    drawn.push(option);
    spans.splice(
      next,
      1,
      farthestBetween(from, option, counts, errors),
      farthestBetween(option, to, counts, errors),
    );
  }
  return ascending(drawn);
}

function farthestBetween(
  from: number,
  to: number,
  counts: ArrayLike<number>,
  errors: ArrayLike<number>,
): { from: number; to: number; option: number; distance: number } {
  const slope = (errors[to] - errors[from]) / (counts[to] - counts[from]);
  let [option, distance] = [from, 0];
  for (let other = from + 1; other < to; other++) {
    const own = Math.abs(errors[other] - errors[from] - slope * (counts[other] - counts[from]));
    if (own > distance) [option, distance] = [other, own];
  }
  return { from, to, option, distance };
}

function ascending(options: readonly number[]): Int32Array {
  return Int32Array.from(new Set(options)).sort();
}
