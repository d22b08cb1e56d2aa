import assert from "node:assert/strict";
import type { BudgetProblem } from "../../../../src/pruning/policy/budget/budget_problem.ts";
import { chooseCounts } from "../../../../src/pruning/policy/budget/budget.ts";
import { boundByMessages } from "../../../../src/pruning/policy/budget/message_bound.ts";
import { budgetOf } from "../../../../src/pruning/policy/budget/reach.ts";
import { createRandom } from "../../../../src/base/random.ts";
import {
  denseNetProblem,
  randomProblem,
  resNetProblem,
  shapes,
  vgg16Problem,
} from "./budget_problems.ts";

/** Few units, every two of them tied: so small that the optimum is known. */
function tiedProblem(seed: number): BudgetProblem {
  const random = createRandom(seed);
  const units = Array.from({ length: 5 }, (_, index) => {
    const [channels, power] = [4 + Math.floor(5 * random()), 1 + 2 * random()];
    const counts = Array.from({ length: channels }, (_, option) => option + 1);
    const errors = counts.map((count) => (1 - count / channels) ** power);
    return { name: `unit ${index}`, counts, errors };
  });
  const terms = units.flatMap((_, unit) =>
    Array.from({ length: unit }, (_, other) => {
      const scale = 1 + random();
      return { units: [unit, other], cost: (a: number, b: number) => scale * a * b };
    })
  );
  return { units, terms: [...terms, { units: [2], cost: (a: number) => 3 * a }] };
}

Deno.test("no choice within a budget has an error below the bound, in whatever way units are tied", () => {
  const check = (problem: BudgetProblem, share: number): { bound: number; error: number } => {
    const bound = boundByMessages(problem, budgetOf(problem, share).budget) ?? 0;
    const { error } = chooseCounts(problem, share);
    assert.ok(bound <= error + 1e-9, `${bound}, the best is ${error}`);
    return { bound, error };
  };
  const tied: { bound: number; error: number }[] = [];
  for (let seed = 0; seed < 12; seed++) {
    for (const share of [0.35, 0.6, 0.85]) tied.push(check(tiedProblem(seed), share));
    for (const shape of shapes) check(randomProblem(shape, seed), 0.8);
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const share = sum(tied.map(({ bound }) => bound)) / sum(tied.map(({ error }) => error));
  assert.ok(share > 0.7, `the bounds are ${share} of what few coarse counts can reach`);
});

Deno.test("where tables of all options have room the bound is that of the dual, but for the polylines", () => {
  for (const problem of [resNetProblem(3, 1), vgg16Problem(1)]) {
    for (const share of [0.2, 0.5, 0.8]) {
      const { lowerBound } = chooseCounts(problem, share);
      const bound = boundByMessages(problem, budgetOf(problem, share).budget)!;
      assert.ok(bound <= lowerBound * (1 + 1e-9) && bound > 0.99 * lowerBound);
    }
  }
});

Deno.test("a term of three units has no such bound", () => {
  const { units, terms } = denseNetProblem(2, 1);
  const triple = { units: [0, 1, 2], cost: (...counts: number[]) => Math.max(...counts) };
  assert.equal(boundByMessages({ units, terms: [...terms, triple] }, 1e6), undefined);
});
