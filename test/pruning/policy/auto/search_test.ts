import assert from "node:assert/strict";
import { InputError } from "../../../../src/base/errors.ts";
import { Environment } from "../../../../src/pruning/policy/auto/environment.ts";
import {
  bestRollouts,
  type Evaluation,
  type Proposal,
  type Rollout,
} from "../../../../src/pruning/policy/auto/rollout.ts";
import { chooseCounts } from "../../../../src/pruning/policy/budget/budget.ts";
import {
  oneByOne,
  type RecordedMeasurement,
} from "../../../../src/pruning/policy/auto/measurements.ts";
import { searchCounts, type SearchOptions } from "../../../../src/pruning/policy/auto/search.ts";
import { createRandom } from "../../../../src/base/random.ts";
import { randomProblem, resNetProblem, shapes } from "../budget/budget_problems.ts";
import { errorOfCounts, evaluatorOf, quick, spaceOf } from "./spaces.ts";

const PROBLEM = resNetProblem(1, 1);
const SPACE = spaceOf(PROBLEM);
const OPTIONS: SearchOptions = { ...quick, share: 0.5, seed: 1 };
const evaluate = evaluatorOf(PROBLEM);
const evaluateAll = oneByOne(evaluate);

async function search(options: Partial<SearchOptions> = {}): Promise<readonly Rollout[]> {
  return (await searchCounts(SPACE, { ...OPTIONS, ...options }, { evaluateAll })).rollouts;
}

Deno.test("the agent comes nearer to the optimum than as many random choices", async () => {
  const problem = resNetProblem(3, 1);
  const [space, optimum] = [spaceOf(problem), chooseCounts(problem, 0.5).error];
  const environment = new Environment(space, { share: 0.5, isBounded: true });
  const agent = { width: 32, batchSize: 32 };
  let [found, drawn] = [0, 0];
  for (const seed of [1, 2, 3, 4, 5]) {
    const options = { share: 0.5, seed, agent, rollouts: 100, rolloutsMin: 30, exploreEvery: 0 };
    const { best } = await searchCounts(space, options, {
      evaluateAll: oneByOne(evaluatorOf(problem)),
    });
    const random = Array.from({ length: 100 }, (_, rollout) => {
      const { counts } = environment.walk(createRandom(seed, 100, rollout));
      return errorOfCounts(problem, counts);
    });
    assert.ok(best.loss < Math.min(...random), `seed ${seed}`);
    found += best.loss - optimum;
    drawn += Math.min(...random) - optimum;
  }
  assert.ok(found < 0.7 * drawn, `${found / 5} above the optimum, ${drawn / 5} at random`);
});

Deno.test("a start is tried first, what follows is no worse, and noise around it betters it", async () => {
  const twisted = {
    ...PROBLEM,
    units: PROBLEM.units.map((unit, index) => ({
      ...unit,
      errors: Array.from(unit.errors, (error) => (index % 2 ? 0.4 : 1.8) * error),
    })),
  };
  const start = chooseCounts(PROBLEM, 0.5).counts;
  const hooks = { evaluateAll: oneByOne(evaluatorOf(twisted)) };
  const options = { ...OPTIONS, start, randomEvery: 4, exploreEvery: 3 };
  const { rollouts, best } = await searchCounts(SPACE, options, hooks);
  assert.deepEqual(rollouts[0].counts, start);
  const sources = rollouts.map(({ source }) => source);
  assert.deepEqual(sources.slice(0, 5), ["start", "near best", "near best", "random", "near best"]);
  assert.deepEqual(sources.slice(10, 14), ["agent", "agent", "near best", "agent"]);
  assert.ok(best.reward > rollouts[0].reward);
});

for (const shape of shapes) {
  Deno.test(`every roll-out meets the budget where units form a ${shape}`, async () => {
    for (const seed of [1, 2, 3]) {
      const problem = randomProblem(shape, seed);
      for (const isStarted of [true, false]) {
        const start = isStarted ? chooseCounts(problem, 0.6).counts : undefined;
        const options = { ...OPTIONS, share: 0.6, seed, start, rollouts: 16, rolloutsMin: 8 };
        const hooks = { evaluateAll: oneByOne(evaluatorOf(problem)) };
        const { rollouts } = await searchCounts(spaceOf(problem), options, hooks);
        assert.ok(rollouts.every(({ cost }) => cost <= 0.6 * (1 + 1e-12)));
      }
    }
  });
}

Deno.test("the same seed gives the same search, another seed another", async () => {
  const first = await search();
  assert.deepEqual(await search(), first);
  const other = await search({ seed: 2 });
  assert.notDeepEqual(other.map(({ counts }) => counts), first.map(({ counts }) => counts));
});

/** Measures the networks of a batch from the last to the first, until so many were measured. */
function backwards(limit = Infinity) {
  return async (
    batch: readonly (readonly number[])[],
    onMeasured: (index: number, measurement: Evaluation) => Promise<void>,
  ) => {
    for (const [index, counts] of [...batch.entries()].reverse()) {
      if (limit-- <= 0) throw new Error("killed");
      await onMeasured(index, await evaluate(counts));
    }
  };
}

for (const proposals of [1, 4, 7]) {
  Deno.test(`a search that was killed anywhere goes on to the same end, ${proposals} roll-outs at a time`, async () => {
    const start = chooseCounts(PROBLEM, 0.5).counts;
    for (const options of [{ ...OPTIONS, proposals }, { ...OPTIONS, proposals, start }]) {
      const whole = await searchCounts(SPACE, options, { evaluateAll });
      for (const limit of [0, 1, 2, 6, 9, 10, 11, 14]) {
        const journal: string[] = [];
        const onMeasured = (entry: RecordedMeasurement) => void journal.push(JSON.stringify(entry));
        const killed = { evaluateAll: backwards(limit), onMeasured };
        await assert.rejects(searchCounts(SPACE, options, killed), /killed/);
        assert.equal(journal.length, limit);
        const recorded: RecordedMeasurement[] = journal.map((line) => JSON.parse(line));
        const known = new Set(recorded.map(({ counts }) => `${counts}`));
        const told: number[] = [];
        const resumed = await searchCounts(SPACE, options, {
          evaluateAll: oneByOne((counts) => {
            assert.ok(!known.has(`${counts}`), "what is recorded is not measured again");
            return evaluate(counts);
          }),
          recorded,
          onMeasured,
          onRollout: ({ rollout }) => void told.push(rollout),
        });
        assert.deepEqual(resumed, whole);
        assert.deepEqual(told, whole.rollouts.map(({ rollout }) => rollout));
        assert.equal(new Set(journal).size, journal.length);
      }
    }
  });
}

Deno.test("roll-outs of a batch are chosen by what was known before it, and learnt from in order", async () => {
  const start = chooseCounts(PROBLEM, 0.5).counts;
  const sizes: number[] = [];
  const options = { ...OPTIONS, start, proposals: 8, randomEvery: 0 };
  const { rollouts } = await searchCounts(SPACE, options, {
    evaluateAll: (batch, onMeasured) => {
      sizes.push(batch.length);
      return evaluateAll(batch, onMeasured);
    },
  });
  assert.ok(sizes.every((size) => size <= 8) && sizes.length === 4, `${sizes}`);
  const first = rollouts.slice(1, 8);
  assert.ok(first.every(({ source }) => source === "near best"));
  const oneAtATime = await search({ start, randomEvery: 0 });
  assert.deepEqual(oneAtATime[1].counts, rollouts[1].counts, "near the start in both");
  assert.notDeepEqual(oneAtATime.map(({ counts }) => counts), rollouts.map(({ counts }) => counts));
  assert.ok(rollouts.slice(9).every(({ criticLoss }) => criticLoss! >= 0));
});

Deno.test("a network that cannot be measured is told of, and the search goes on without it", async () => {
  const start = chooseCounts(PROBLEM, 0.5).counts;
  for (const proposals of [1, 6]) {
    let asked = 0;
    const journal: RecordedMeasurement[] = [];
    const options = { ...OPTIONS, start, proposals };
    const whole = await searchCounts(SPACE, options, {
      evaluateAll: oneByOne((counts) =>
        ++asked % 5 === 0 ? Promise.resolve({ failure: "broken" }) : evaluate(counts)
      ),
      onMeasured: (entry) => void journal.push(entry),
    });
    const { rollouts, failures } = whole;
    assert.equal(rollouts.length + failures.length, OPTIONS.rollouts);
    assert.ok(failures.length >= 5 && failures.every(({ failure }) => failure === "broken"));
    const recorded = JSON.parse(JSON.stringify(journal));
    const hooks = { evaluateAll: () => Promise.reject(new Error("nothing is left")), recorded };
    assert.deepEqual(await searchCounts(SPACE, options, hooks), whole);
    const never = { evaluateAll: oneByOne(() => Promise.resolve({ failure: "broken" })) };
    await assert.rejects(searchCounts(SPACE, options, never), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, new RegExp(`none of ${proposals} that can be .*: broken`));
      return true;
    });
  }
});

Deno.test("a journal of another search is refused", async () => {
  const recorded = await search({ seed: 2 });
  await assert.rejects(
    searchCounts(SPACE, OPTIONS, { evaluateAll, recorded }),
    (error) => error instanceof InputError && /belongs to another search/.test(error.message),
  );
});

for (const proposals of [1, 9]) {
  Deno.test(`the same counts are never measured twice, ${proposals} at a time`, async () => {
    const units = SPACE.units.slice(0, 2).map((unit) => ({ ...unit, counts: [4, 8, 16] }));
    const terms = [{ units: [0, 1], cost: (first: number, second: number) => first * second }];
    const seen = new Set<string>();
    const { rollouts } = await searchCounts({ units, terms }, { ...OPTIONS, proposals }, {
      evaluateAll: oneByOne((counts) => {
        assert.ok(!seen.has(`${counts}`));
        seen.add(`${counts}`);
        return Promise.resolve({ error: 0.5, loss: counts[0] });
      }),
    });
    assert.equal(rollouts.length, 30);
    assert.ok(seen.size < 9);
  });
}

Deno.test("losses are told from the roll-out on after which the agent learns", async () => {
  const rollouts = await search({ exploreEvery: 0 });
  assert.ok(rollouts.slice(0, 9).every(({ criticLoss }) => criticLoss === undefined));
  const learnt = rollouts.slice(9);
  assert.ok(learnt.every(({ criticLoss, actorLoss }) => criticLoss! > 0 && actorLoss! < Infinity));
  assert.equal(rollouts[0].noise, 1);
  assert.ok(Math.abs(rollouts[29].noise - 1e-5) < 1e-18);
});

Deno.test("a share of 1 and `flops` find smaller networks that are as good", async () => {
  const problem = {
    ...PROBLEM,
    units: PROBLEM.units.map((unit) => ({
      ...unit,
      errors: Array.from(unit.counts, (count) => count >= unit.counts.length / 2 ? 0 : 0.3),
    })),
  };
  const options: SearchOptions = { ...OPTIONS, share: 1, rewardPolicy: "flops" };
  const { best, rollouts } = await searchCounts(SPACE, options, {
    evaluateAll: oneByOne(evaluatorOf(problem)),
  });
  assert.ok(best.cost < 1);
  assert.equal(best.reward, Math.max(...rollouts.map(({ reward }) => reward)));
});

Deno.test("a signal stops the search between roll-outs", async () => {
  const controller = new AbortController();
  const told: number[] = [];
  const onRollout = ({ rollout }: Proposal) => {
    told.push(rollout);
    if (rollout === 4) controller.abort(new Error("enough"));
  };
  const hooks = { evaluateAll, onRollout, signal: controller.signal };
  await assert.rejects(searchCounts(SPACE, OPTIONS, hooks), /enough/);
  assert.deepEqual(told, [1, 2, 3, 4]);
});

Deno.test("the best roll-outs are distinct, ties go to the smaller loss, then to the earlier", () => {
  const rolloutOf = (rollout: number, reward: number, loss: number, counts: number[]): Rollout => ({
    rollout,
    reward,
    loss,
    counts,
    ratios: counts,
    source: "agent",
    cost: 1,
    error: 1 - reward,
    noise: 0,
  });
  const rollouts = [
    rolloutOf(1, 0.5, 2, [1]),
    rolloutOf(2, 0.7, 3, [2]),
    rolloutOf(3, 0.7, 1, [3]),
    rolloutOf(4, 0.7, 1, [3]),
    rolloutOf(5, 0.7, 1, [4]),
  ];
  const numbers = (count: number) => bestRollouts(rollouts, count).map(({ rollout }) => rollout);
  assert.deepEqual(numbers(3), [3, 5, 2]);
  assert.deepEqual(numbers(9), [3, 5, 2, 1]);
});

Deno.test("a network without units is evaluated once", async () => {
  const space = { units: [], terms: [{ units: [], cost: () => 5 }] };
  let evaluations = 0;
  const { best } = await searchCounts(space, { ...OPTIONS, share: 1 }, {
    evaluateAll: oneByOne(() => Promise.resolve({ error: 0, loss: ++evaluations })),
  });
  assert.deepEqual([best.counts, best.cost, evaluations], [[], 1, 1]);
});

Deno.test("settings that make no sense are bad input", async () => {
  for (
    const wrong of [{ rollouts: 0 }, { rollouts: 1.5 }, { ratioNoise: -1 }, { rolloutsMin: NaN }, {
      proposals: 0,
    }]
  ) {
    await assert.rejects(search(wrong), InputError);
  }
  await assert.rejects(search({ share: 1.2 }), InputError);
  await assert.rejects(search({ share: 0.001 }), /least share/);
  await assert.rejects(search({ start: SPACE.units.map(() => 16) }), TypeError);
});
