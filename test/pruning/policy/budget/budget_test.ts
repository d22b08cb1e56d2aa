import assert from "node:assert/strict";
import { InputError } from "../../../../src/base/errors.ts";
import type { BudgetProblem } from "../../../../src/pruning/policy/budget/budget_problem.ts";
import { type BudgetSolution, chooseCounts } from "../../../../src/pruning/policy/budget/budget.ts";
import { createRandom } from "../../../../src/base/random.ts";
import {
  denseNetProblem,
  randomProblem,
  resNet50Problem,
  resNetProblem,
  shapes,
  vgg16ParamsProblem,
  vgg16Problem,
} from "./budget_problems.ts";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

interface Enumerated {
  readonly cost: number;
  readonly error: number;
}

/** Every choice there is. */
function enumerateChoices({ units, terms }: BudgetProblem): Enumerated[] {
  const choices = units.reduce<number[][]>(
    (partial, { counts }) =>
      partial.flatMap((options) => Array.from(counts, (_, option) => [...options, option])),
    [[]],
  );
  return choices.map((options) => ({
    cost: terms.reduce((sum, term) => {
      const counts = term.units.map((unit) => units[unit].counts[options[unit]]);
      return sum + term.cost(...counts);
    }, 0),
    error: units.reduce((sum, { errors }, unit) => sum + errors[options[unit]], 0),
  }));
}

function leastError(choices: readonly Enumerated[], budget: number): number {
  const affordable = choices.filter(({ cost }) => cost <= budget);
  return Math.min(...affordable.map(({ error }) => error));
}

/** The counts are allowed, cost and error are theirs, and the budget is met. */
function checkSolution({ units, terms }: BudgetProblem, solution: BudgetSolution): void {
  const { counts } = solution;
  const options = units.map((unit, index) => Array.from(unit.counts).indexOf(counts[index]));
  assert.ok(options.every((option) => option >= 0));
  const error = units.reduce((sum, { errors }, unit) => sum + errors[options[unit]], 0);
  const cost = terms.reduce(
    (sum, term) => sum + term.cost(...term.units.map((unit) => counts[unit])),
    0,
  );
  assert.equal(solution.error, error);
  assert.equal(solution.cost, cost);
  assert.ok(cost <= solution.budget, `${cost} within ${solution.budget}`);
}

/** Shares at which something can be chosen, from scarce to plenty. */
function reachableShares(choices: readonly Enumerated[]): number[] {
  const whole = choices.at(-1)!.cost;
  const least = Math.min(...choices.map(({ cost }) => cost)) / whole;
  return [0, 0.1, 0.3, 0.6, 1].map((part) => Math.min(1, least + part * (1 - least)));
}

for (const shape of shapes) {
  Deno.test(`chooseCounts() finds what enumeration finds where units form a ${shape}`, () => {
    for (const seed of SEEDS) {
      const problem = randomProblem(shape, seed);
      const choices = enumerateChoices(problem);
      for (const share of reachableShares(choices)) {
        const solution = chooseCounts(problem, share);
        checkSolution(problem, solution);
        const wanted = leastError(choices, solution.budget);
        assert.ok(Math.abs(solution.error - wanted) < 1e-9, `seed ${seed}, share ${share}`);
        assert.ok(solution.lowerBound <= wanted + 1e-9);
        assert.equal(solution.method, "elimination");
        assert.equal(solution.costSlack, 0);
      }
    }
  });

  Deno.test(`with buckets the loss is bounded by costSlack where units form a ${shape}`, () => {
    for (const seed of SEEDS) {
      const problem = randomProblem(shape, seed);
      const choices = enumerateChoices(problem);
      for (const share of reachableShares(choices)) {
        for (const buckets of [1, 8, 64]) {
          const solution = chooseCounts(problem, share, { buckets });
          checkSolution(problem, solution);
          const bound = leastError(choices, solution.budget - solution.costSlack);
          assert.ok(solution.error <= bound + 1e-9, `seed ${seed}, share ${share}`);
          const mergers = Math.round(solution.costSlack / solution.budget * buckets);
          assert.ok(mergers <= 2 * problem.units.length + 1);
        }
      }
    }
  });

  Deno.test(`thinning meets the budget and comes near where units form a ${shape}`, () => {
    let [found, wanted] = [0, 0];
    for (const seed of SEEDS) {
      const problem = randomProblem(shape, seed);
      const choices = enumerateChoices(problem);
      for (const share of reachableShares(choices).slice(1)) {
        const solution = chooseCounts(problem, share, { tableLimit: 1 });
        checkSolution(problem, solution);
        assert.equal(solution.method, "thinning");
        const least = leastError(choices, solution.budget);
        assert.ok(solution.lowerBound <= least + 1e-9, `seed ${seed}, share ${share}`);
        found += solution.error;
        wanted += least;
      }
    }
    assert.ok(found < 1.05 * wanted, `${found} after thinning, ${wanted} is best`);
  });
}

Deno.test("when Pareto sets grow too large they are thinned, at last to one bucket", () => {
  const problem = resNetProblem(9, 2);
  const exact = chooseCounts(problem, 0.3);
  for (const pointLimit of [10_000, 500, 1]) {
    const thinned = chooseCounts(problem, 0.3, { pointLimit });
    checkSolution(problem, thinned);
    assert.ok(thinned.costSlack > 0);
    assert.ok(thinned.error >= exact.error && thinned.error < 1.05 * exact.error);
  }
});

Deno.test("ResNet-20, ResNet-56 and VGG-16 are solved to the optimum, counts one apart", () => {
  const problems = [resNetProblem(3, 1), resNetProblem(9, 2), vgg16Problem(1)];
  for (const problem of problems) {
    let last = Infinity;
    for (const share of [0.1, 0.3, 0.5, 1]) {
      const solution = chooseCounts(problem, share);
      checkSolution(problem, solution);
      assert.equal(solution.costSlack, 0);
      assert.ok(solution.error <= last, "more budget, no more error");
      assert.ok(solution.error - solution.lowerBound <= 0.01 * solution.error);
      last = solution.error;
    }
    assert.equal(last, 0);
  }
});

Deno.test("thinning comes near the optimum of ResNet-20, ResNet-56 and VGG-16", () => {
  for (const problem of [resNetProblem(3, 1), resNetProblem(9, 2), vgg16Problem(1)]) {
    for (const share of [0.1, 0.3, 0.5, 0.7]) {
      const exact = chooseCounts(problem, share);
      const thinned = chooseCounts(problem, share, { tableLimit: 1 });
      checkSolution(problem, thinned);
      assert.equal(thinned.method, "thinning");
      assert.ok(thinned.lowerBound <= exact.error && exact.error <= thinned.error);
      assert.ok(thinned.error < 1.02 * exact.error, `${thinned.error}, ${exact.error} is best`);
      const slack = 1e-3 * exact.lowerBound;
      assert.ok(Math.abs(thinned.lowerBound - exact.lowerBound) < slack, "both are the dual bound");
    }
  }
});

Deno.test("ResNet-50, and VGG-16 with its Dense layers, are solved to within a percent, and that is proven", () => {
  for (const problem of [resNet50Problem(1), vgg16ParamsProblem(1)]) {
    for (const share of [0.7, 0.3]) {
      const solution = chooseCounts(problem, share);
      checkSolution(problem, solution);
      assert.equal(solution.method, "thinning");
      assert.ok(solution.lowerBound > 0.99 * solution.error);
    }
  }
});

Deno.test("where every layer reads all those before it, counts within a percent of the best are found and proven", () => {
  const problem = denseNetProblem(10, 1);
  let last = Infinity;
  for (const share of [0.3, 0.5, 1]) {
    const solution = chooseCounts(problem, share);
    checkSolution(problem, solution);
    assert.ok(solution.error < last, "more budget, less error");
    assert.ok(solution.lowerBound >= 0.99 * solution.error);
    last = solution.error;
  }
  assert.equal(last, 0);
});

Deno.test("a cost that is not linear in each count is bounded by tables over two units", () => {
  const { units, terms } = resNetProblem(3, 1);
  const steps = terms.map(({ units: scope, cost }) => ({
    units: scope,
    cost: (...counts: number[]) => cost(...counts.map((count) => 4 * Math.ceil(count / 4))),
  }));
  const solution = chooseCounts({ units, terms: steps }, 0.4, { tableLimit: 1 });
  checkSolution({ units, terms: steps }, solution);
  const exact = chooseCounts({ units, terms: steps }, 0.4);
  assert.ok(solution.lowerBound <= exact.error && solution.lowerBound > 0.98 * exact.error);
  assert.ok(solution.error < 1.05 * exact.error);
});

Deno.test("of choices with the same error the cheapest is taken", () => {
  const units = [{ name: "dead", counts: [1, 2, 3], errors: [0, 0, 0] }];
  const terms = [{ units: [0], cost: (count: number) => [7, 5, 9][count - 1] }];
  assert.deepEqual(chooseCounts({ units, terms }, 1).counts, [2]);
});

Deno.test("a budget that cannot be reached is an error that names the least share that can", () => {
  for (const tableLimit of [1, undefined]) {
    const problem = resNetProblem(3, 5);
    const random = createRandom(1);
    const units = problem.units.map((unit) => {
      const least = Math.ceil(unit.counts.length * (0.3 + 0.2 * random()));
      const [counts, errors] = [unit.counts, unit.errors].map((column) =>
        Array.from(column).slice(least)
      );
      return { ...unit, counts, errors };
    });
    const narrow = { ...problem, units };
    let message = "";
    assert.throws(
      () => chooseCounts(narrow, 0.05, { tableLimit }),
      (error: Error) => {
        message = error.message;
        return error instanceof InputError && /the least share .* wanted 0\.05/.test(message);
      },
    );
    const least = Number(message.match(/found ([\d.]+)/)![1]);
    checkSolution(narrow, chooseCounts(narrow, least, { tableLimit }));
    assert.throws(() => chooseCounts(narrow, least - 2e-4, { tableLimit }), InputError);
  }
});

Deno.test("a share outside (0, 1] is bad input, a problem that makes no sense is a TypeError", () => {
  const units = [{ name: "a", counts: [1, 2], errors: [1, 0] }];
  const terms = [{ units: [0], cost: (count: number) => count }];
  for (const share of [0, -1, 1.01, NaN]) {
    assert.throws(() => chooseCounts({ units, terms }, share), InputError);
  }
  const broken: BudgetProblem[] = [
    { units: [{ ...units[0], counts: [2, 1] }], terms },
    { units: [{ ...units[0], errors: [1] }], terms },
    { units: [{ ...units[0], errors: [NaN, 0] }], terms },
    { units, terms: [{ units: [1], cost: () => 1 }] },
    { units, terms: [{ units: [0, 0], cost: () => 1 }] },
    { units, terms: [{ units: [0], cost: () => -1 }] },
  ];
  for (const problem of broken) assert.throws(() => chooseCounts(problem, 1), TypeError);
});

Deno.test("a network without units costs what it costs", () => {
  const terms = [{ units: [], cost: () => 5 }];
  assert.deepEqual(chooseCounts({ units: [], terms }, 1).counts, []);
  assert.throws(() => chooseCounts({ units: [], terms }, 0.5), InputError);
});
