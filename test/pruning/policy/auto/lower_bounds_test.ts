import assert from "node:assert/strict";
import { sumTerms } from "../../../../src/cost/cost_term.ts";
import { InputError } from "../../../../src/base/errors.ts";
import { findLowerBounds } from "../../../../src/pruning/policy/auto/lower_bounds.ts";
import { problemOf, type SearchSpace } from "../../../../src/pruning/policy/auto/search_space.ts";
import { budgetOf } from "../../../../src/pruning/policy/budget/reach.ts";
import { resNetProblem } from "../budget/budget_problems.ts";
import { spaceOf } from "./spaces.ts";

const features = { filters: 1, height: 1, width: 1, stride: 1, macs: 1 };
const upTo = (channels: number) => Array.from({ length: channels }, (_, index) => index + 1);

function countsOf({ units }: SearchSpace, options: ArrayLike<number>): number[] {
  return units.map(({ counts }, unit) => counts[options[unit]]);
}

Deno.test("a bound is the allowed count nearest to 1.5 · log10(1 + share) of the channels", () => {
  const counts = [upTo(64), [8, 16, 24, 32], [32]];
  const units = counts.map((allowed) => ({ name: "a", counts: allowed, features }));
  const space = { units, terms: [{ units: [0], cost: (count: number) => count }] };
  for (const [share, wanted] of [[0.5, [17, 8, 32]], [1, [29, 16, 32]], [0.01, [1, 8, 32]]]) {
    const options = findLowerBounds(space, { share: share as number });
    assert.deepEqual(countsOf(space, options), wanted);
  }
});

Deno.test("a start below a bound lowers it, one above does not raise it", () => {
  const units = [5, 40].map(() => ({ name: "a", counts: upTo(64), features }));
  const options = findLowerBounds({ units, terms: [] }, { share: 0.5, start: [5, 40] });
  assert.deepEqual(countsOf({ units, terms: [] }, options), [5, 17]);
});

/** A space in which nearly half of the cost cannot be removed. */
function heavySpace(): SearchSpace {
  const { units, terms } = spaceOf(resNetProblem(3, 1));
  const whole = sumTerms(terms, units.map(({ counts }) => counts.length));
  return { units, terms: [...terms, { units: [], cost: () => 0.95 * whole }] };
}

Deno.test("bounds stay where they meet the budget, where they do not they fall together", () => {
  const space = heavySpace();
  for (const [share, falls] of [[0.49, true], [0.495, true], [0.5, true], [0.6, false]] as const) {
    const budget = budgetOf(problemOf(space), share);
    const free = countsOf(space, findLowerBounds(space, { share }));
    assert.equal(sumTerms(space.terms, free) > budget.budget, falls);
    const counts = countsOf(space, findLowerBounds(space, { share, budget }));
    assert.ok(sumTerms(space.terms, counts) <= budget.budget);
    assert.equal(counts.every((count, unit) => count === free[unit]), !falls);
    assert.ok(counts.every((count, unit) => count <= free[unit]));
  }
});

Deno.test("no larger common scale of the bounds meets the budget", () => {
  const channels = [20, 47];
  const units = channels.map((each) => ({ name: "a", counts: upTo(each), features }));
  const cost = (first: number, second: number) => first * second + 3 * first + 800;
  const space = { units, terms: [{ units: [0, 1], cost }] };
  for (const share of [0.45, 0.455, 0.46]) {
    const budget = budgetOf(problemOf(space), share);
    const ratio = 1.5 * Math.log10(1 + share);
    const scaled = Array.from({ length: 10_001 }, (_, index) => {
      const [first, second] = channels.map((each) =>
        Math.max(1, Math.round(index / 1e4 * ratio * each))
      );
      return { counts: [first, second], cost: cost(first, second) };
    });
    assert.ok(scaled.at(-1)!.cost > budget.budget, "the formula costs too much");
    const wanted = scaled.findLast((each) => each.cost <= budget.budget)!.counts;
    assert.deepEqual(countsOf(space, findLowerBounds(space, { share, budget })), wanted);
  }
});

Deno.test("where the smallest counts are not the cheapest the bounds are the cheapest", () => {
  const units = [{ name: "a", counts: [1, 2, 3], features }];
  const space = { units, terms: [{ units: [0], cost: (count: number) => [9, 3, 10][count - 1] }] };
  const budget = budgetOf(problemOf(space), 0.4);
  assert.deepEqual(countsOf(space, findLowerBounds(space, { share: 0.4, budget })), [2]);
});

Deno.test("a budget out of reach is an error that names the least share that can be reached", () => {
  const units = [{ name: "a", counts: [5, 10], features }];
  const space = { units, terms: [{ units: [0], cost: (count: number) => count }] };
  const find = (share: number) => {
    const budget = budgetOf(problemOf(space), share);
    return findLowerBounds(space, { share, budget });
  };
  assert.throws(
    () => find(0.4),
    (error) =>
      error instanceof InputError &&
      /found 0\.5 as the least share .* wanted 0\.400/.test(error.message),
  );
  assert.doesNotThrow(() => find(0.5));
});
