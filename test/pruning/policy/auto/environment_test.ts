import assert from "node:assert/strict";
import { sumTerms } from "../../../../src/cost/cost_term.ts";
import { InputError } from "../../../../src/base/errors.ts";
import {
  Environment,
  STATE_SIZE,
  type Walk,
} from "../../../../src/pruning/policy/auto/environment.ts";
import { exploreAround } from "../../../../src/pruning/policy/auto/explore.ts";
import type { SearchSpace } from "../../../../src/pruning/policy/auto/search_space.ts";
import { chooseCounts } from "../../../../src/pruning/policy/budget/budget.ts";
import { createRandom } from "../../../../src/base/random.ts";
import { randomProblem, resNetProblem, shapes } from "../budget/budget_problems.ts";
import { spaceOf } from "./spaces.ts";

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

/** Counts are allowed, the cost is theirs and within the share, actions within [0, 1]. */
function checkWalk(space: SearchSpace, { counts, cost, actions }: Walk, share: number): void {
  const whole = sumTerms(
    space.terms,
    space.units.map(({ counts }) => counts[counts.length - 1]),
  );
  assert.ok(space.units.every((unit, index) => Array.from(unit.counts).includes(counts[index])));
  assert.equal(cost, sumTerms(space.terms, counts));
  assert.ok(cost <= share * whole * (1 + 1e-12), `${cost} of ${whole} for ${share}`);
  assert.ok(actions.every((action) => action >= 0 && action <= 1));
}

for (const shape of shapes) {
  Deno.test(`every walk meets the budget where units form a ${shape}, whatever its actions`, () => {
    for (const seed of SEEDS) {
      const problem = randomProblem(shape, seed);
      const space = spaceOf(problem);
      const random = createRandom(seed, 1);
      for (const share of [0.15, 0.3, 0.5, 0.8, 1]) {
        let start: number[];
        try {
          start = chooseCounts(problem, share).counts;
        } catch (error) {
          assert.ok(error instanceof InputError);
          assert.throws(() => new Environment(space, { share, isBounded: true }), InputError);
          continue;
        }
        const environment = new Environment(space, { share, isBounded: true });
        for (const act of [() => 1, () => 0, random, () => 1 - random() ** 4]) {
          checkWalk(space, environment.walk(act), share);
        }
        const around = new Environment(space, { share, isBounded: true, start });
        const known = around.retrace(start);
        checkWalk(space, known, share);
        checkWalk(space, exploreAround(around, known, 0.2, random), share);
      }
    }
  });
}

Deno.test("an action is lowered only as far as the later units at their bounds need it", () => {
  const features = { filters: 1, height: 1, width: 1, stride: 1, macs: 1 };
  const counts = Array.from({ length: 10 }, (_, index) => index + 1);
  const units = ["a", "b"].map((name) => ({ name, counts, features }));
  const terms = units.map((_, unit) => ({ units: [unit], cost: (count: number) => count }));
  const environment = new Environment({ units, terms }, { share: 0.5, isBounded: true });
  assert.equal(environment.lowerRatio(0), 0.3);
  assert.deepEqual(environment.walk(() => 1).counts, [7, 3]);
  assert.deepEqual(environment.walk((_, unit) => unit).counts, [3, 7]);
  assert.deepEqual(environment.walk(() => 2 / 7).counts, [5, 5]);
});

Deno.test("without a bound an action of 1 leaves everything whole, 0 the lower bounds", () => {
  const space = spaceOf(resNetProblem(1, 1));
  const environment = new Environment(space, { share: 0.3, isBounded: false });
  assert.equal(environment.walk(() => 1).cost, environment.budget.whole);
  const { counts } = environment.walk(() => 0);
  const ratio = 1.5 * Math.log10(1.3);
  counts.forEach((count, unit) => {
    const channels = space.units[unit].counts.length;
    assert.equal(count, Math.round(ratio * channels));
    assert.equal(environment.lowerRatio(unit), count / channels);
  });
});

Deno.test("retracing a walk gives its states and actions", () => {
  const space = spaceOf(resNetProblem(1, 2));
  const environment = new Environment(space, { share: 0.5, isBounded: true });
  const walk = environment.walk(createRandom(3));
  assert.deepEqual(environment.retrace(walk.counts), walk);
  assert.deepEqual(environment.walk((_, unit) => walk.actions[unit]), walk);
  const whole = space.units.map(({ counts }) => counts.length);
  for (const counts of [whole, [], walk.counts.map(() => 0.5)]) {
    assert.throws(() => environment.retrace(counts), TypeError);
  }
});

Deno.test("a state holds features over their maxima, the cost still removable, the last action", () => {
  const features = [
    { filters: 8, height: 32, width: 16, stride: 1, macs: 100 },
    { filters: 16, height: 16, width: 16, stride: 2, macs: 50 },
  ];
  const counts = [4, 8].map((channels) => Array.from({ length: channels }, (_, i) => i + 1));
  const units = features.map((each, index) => ({
    name: `${index}`,
    counts: counts[index],
    features: each,
  }));
  const terms = [{ units: [0, 1], cost: (first: number, second: number) => first * second }];
  const environment = new Environment({ units, terms }, { share: 0.9, isBounded: false });
  const [low, lower] = [environment.lowerRatio(0), environment.lowerRatio(1)];
  const { states, actions } = environment.walk(() => 0.5);
  const rows = [0, 1].map((row) => [...states.slice(row * STATE_SIZE, (row + 1) * STATE_SIZE)]);
  assert.deepEqual(rows[0], [0, 0.5, 0.5, 1, 1, 0.5, 1, low * (1 - lower), 1]);
  assert.deepEqual(rows[1], [1, 1, 1, 0.5, 1, 1, 0.5, 0, actions[0]]);
});

Deno.test("units that are left no choice are passed over", () => {
  const features = { filters: 1, height: 1, width: 1, stride: 1, macs: 1 };
  const units = [[4], [1, 2, 3, 4], [4]].map((counts) => ({ name: "a", counts, features }));
  const terms = [{ units: [0, 1, 2], cost: (...counts: number[]) => counts[0] * counts[1] }];
  const environment = new Environment({ units, terms }, { share: 0.5, isBounded: true });
  assert.deepEqual(environment.decided, [1]);
  const walk = environment.walk(() => 1);
  assert.deepEqual(walk.counts, [4, 2, 4]);
  assert.equal(walk.states.length, STATE_SIZE);
});

Deno.test("exploring spends the budget, and without noise it stays where it is", () => {
  const problem = resNetProblem(2, 4);
  const space = spaceOf(problem);
  const start = chooseCounts(problem, 0.5).counts;
  const environment = new Environment(space, { share: 0.5, isBounded: true, start });
  const known = environment.retrace(start);
  const still = exploreAround(environment, known, 0, createRandom(1));
  assert.ok(still.counts.every((count, unit) => Math.abs(count - start[unit]) <= 1));
  for (const seed of SEEDS) {
    const { cost } = exploreAround(environment, known, 0.1, createRandom(seed));
    assert.ok(cost > 0.95 * environment.budget.budget, `${cost / environment.budget.budget}`);
  }
  const free = new Environment(space, { share: 0.5, isBounded: false, start });
  assert.deepEqual(exploreAround(free, free.retrace(start), 0, createRandom(1)).counts, start);
});
