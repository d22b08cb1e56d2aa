import { type BudgetProblem, type Choice, costOf, type Options, weigh } from "./budget_problem.ts";

/** The terms that every unit takes part in. */
type TermsOfUnit = readonly BudgetProblem["terms"][];

function termsOfUnits({ units, terms }: BudgetProblem): TermsOfUnit {
  return units.map((_, unit) => terms.filter((term) => term.units.includes(unit)));
}

/** Cost of a unit's terms for each of its options, the others held. */
function costsOfOptions(
  { units }: BudgetProblem,
  terms: TermsOfUnit,
  options: Options,
  unit: number,
): Float64Array {
  const costs = new Float64Array(units[unit].counts.length);
  for (const term of terms[unit]) {
    const place = term.units.indexOf(unit);
    const counts = term.units.map((other) => units[other].counts[options[other]]);
    for (let option = 0; option < costs.length; option++) {
      counts[place] = units[unit].counts[option];
      costs[option] += term.cost(...counts);
    }
  }
  return costs;
}

const MOST_ROUNDS = 50;

/**
 * Minimizes λ · cost + errorWeight · error one unit at a time until none can be bettered: a local minimum.
 *
 * @param problem The problem.
 * @param start Where to begin; it is not changed.
 * @param lambda λ.
 * @param errorWeight 0 to minimize the cost alone.
 * @returns The local minimum.
 */
export function descend(
  problem: BudgetProblem,
  start: Options,
  lambda: number,
  errorWeight = 1,
): Choice {
  const terms = termsOfUnits(problem);
  const options = start.slice();
  let hasMoved = true;
  for (let round = 0; hasMoved && round < MOST_ROUNDS; round++) {
    hasMoved = false;
    for (const [unit, { errors }] of problem.units.entries()) {
      const costs = costsOfOptions(problem, terms, options, unit);
      const value = (option: number) => lambda * costs[option] + errorWeight * errors[option];
      let best = options[unit];
      for (let option = 0; option < costs.length; option++) {
        if (value(option) < value(best)) best = option;
      }
      if (best === options[unit]) continue;
      options[unit] = best;
      hasMoved = true;
    }
  }
  return weigh(problem, options);
}

/**
 * Spends what is left of a budget: again and again the move of one unit is made that lowers the error most for its cost,
 * free ones first, until none fits.
 *
 * @param problem The problem.
 * @param start A choice within the budget.
 * @param budget The budget.
 * @returns A choice within the budget with no larger error.
 */
export function fillBudget(problem: BudgetProblem, start: Options, budget: number): Choice {
  const terms = termsOfUnits(problem);
  const options = start.slice();
  for (;;) {
    const left = budget - costOf(problem, options);
    let best: { unit: number; option: number; rate: number } | undefined;
    for (const [unit, { errors }] of problem.units.entries()) {
      const costs = costsOfOptions(problem, terms, options, unit);
      const current = options[unit];
      for (let option = 0; option < costs.length; option++) {
        const gain = errors[current] - errors[option];
        const price = costs[option] - costs[current];
        if (!(gain > 0) || price > left) continue;
        const rate = price <= 0 ? Infinity : gain / price;
        if (best === undefined || rate > best.rate) best = { unit, option, rate };
      }
    }
    if (best === undefined) return weigh(problem, options);
    options[best.unit] = best.option;
  }
}

const LAMBDA_STEPS = 40;

/**
 * Bisects λ between the cheapest and the best choice, coordinate descent at each, and fills the budget from every one that
 * fits. Nothing is proven of the answer but that it is within the budget.
 *
 * @param problem The problem.
 * @param budget The budget.
 * @param cheapest A choice within the budget.
 * @param best The choice with the least error.
 * @returns A choice within the budget.
 */
export function searchByDescent(
  problem: BudgetProblem,
  budget: number,
  cheapest: Choice,
  best: Choice,
): Choice {
  if (best.cost <= budget) return best;
  let found = fillBudget(problem, cheapest.options, budget);
  const scale = (best.error + cheapest.error) / (best.cost + cheapest.cost);
  let [low, high] = [1e-9 * scale, 1e9 * scale];
  for (let step = 0; step < LAMBDA_STEPS; step++) {
    const lambda = Math.sqrt(low * high);
    const starts = [best.options, cheapest.options];
    const minima = starts.map((start) => descend(problem, start, lambda));
    for (const minimum of minima.filter(({ cost }) => cost <= budget)) {
      const filled = fillBudget(problem, minimum.options, budget);
      if (filled.error < found.error) found = filled;
    }
    if (minima.some(({ cost }) => cost <= budget)) high = lambda;
    else low = lambda;
  }
  return found;
}
