import assert from "node:assert/strict";
import { InputError } from "../../../../src/base/errors.ts";
import { oneByOne } from "../../../../src/pruning/policy/auto/measurements.ts";
import { refineCounts, type RefineOptions } from "../../../../src/pruning/policy/auto/refine.ts";
import type { Rollout } from "../../../../src/pruning/policy/auto/rollout.ts";
import type { SearchHooks } from "../../../../src/pruning/policy/auto/search.ts";
import type { SearchSpace } from "../../../../src/pruning/policy/auto/search_space.ts";

const features = { filters: 8, height: 4, width: 4, stride: 1, macs: 100 };
const counts = Array.from({ length: 32 }, (_, index) => index + 1);
const SPACE: SearchSpace = {
  units: ["a", "b", "c"].map((name) => ({ name, counts, features })),
  terms: [0, 1, 2].map((unit) => ({ units: [unit], cost: (count: number) => count })),
};
/** The best counts of this loss cost the whole budget of half: 48. */
const BEST = [8, 16, 24];
const lossOf = (tried: readonly number[]) =>
  tried.reduce((sum, count, unit) => sum + (count - BEST[unit]) ** 2, 0) / 1000;
const evaluate = (tried: readonly number[]) => Promise.resolve({ error: 0.5, loss: lossOf(tried) });
const evaluateAll = oneByOne(evaluate);

async function refine(options: Partial<RefineOptions> = {}, hooks: Partial<SearchHooks> = {}) {
  const all = { ...OPTIONS, ...options };
  return (await refineCounts(SPACE, all, ORIGINS, { evaluateAll, ...hooks })).rollouts;
}

const OPTIONS = {
  share: 0.5,
  seed: 3,
  rewardPolicy: "accuracy" as const,
  noiseTolerance: 0.15,
  ratioNoise: 0.05,
  networks: 60,
  before: 10,
  proposals: 1,
};

function origin(rollout: number, given: readonly number[]): Rollout {
  const cost = given.reduce((sum, count) => sum + count, 0) / 96;
  const ratios = given.map((count) => count / 32);
  const figures = { error: 0.5, loss: 1, reward: 0.5, noise: 0 };
  return { rollout, source: "start", counts: given, ratios, cost, ...figures };
}

const ORIGINS = [origin(1, [16, 16, 16]), origin(7, [20, 14, 14])];

for (const proposals of [1, 5]) {
  Deno.test(`refineCounts() measures where it starts from, then comes near the best counts within the budget, ${proposals} at a time`, async () => {
    const tried = await refine({ proposals });
    const numbers = [...Array(60).keys()].map((at) => at + 11);
    assert.deepEqual(tried.map(({ rollout }) => rollout), numbers);
    assert.deepEqual(tried.slice(0, 2).map(({ counts }) => counts), ORIGINS.map((o) => o.counts));
    assert.ok(tried.every(({ cost, source }) => cost <= 0.5 && source === "refined"));
    const best = Math.min(...tried.map(({ loss }) => loss));
    assert.ok(best < lossOf(ORIGINS[0].counts) / 10, `${best}`);
  });

  Deno.test(`refineCounts() goes on from what is recorded to the same networks, ${proposals} at a time`, async () => {
    const whole = await refine({ proposals });
    const asked: string[] = [];
    const resumed = await refine({ proposals }, {
      recorded: whole.slice(0, 25),
      evaluateAll: oneByOne((counts) => {
        asked.push(`${counts}`);
        return evaluate(counts);
      }),
    });
    assert.deepEqual(resumed, whole);
    const known = new Set(whole.slice(0, 25).map(({ counts }) => `${counts}`));
    assert.ok(asked.length <= 35 && !asked.some((counts) => known.has(counts)));
    const other = [{ ...whole[0], counts: [1, 1, 1] }];
    await assert.rejects(refine({ proposals }, { recorded: other }), InputError);
  });
}

Deno.test("refineCounts() asks for what it starts from together, and for the others in batches", async () => {
  const sizes: number[] = [];
  await refine({ networks: 13, proposals: 4 }, {
    evaluateAll: (batch, onMeasured) => {
      sizes.push(batch.length);
      return evaluateAll(batch, onMeasured);
    },
  });
  assert.equal(sizes[0], ORIGINS.length);
  assert.ok(sizes.length === 4 && sizes.every((size) => size <= 4), `${sizes}`);
});

Deno.test("refineCounts() passes over what cannot be measured, unless it is all there is to start from", async () => {
  const failing = (wrong: (counts: readonly number[]) => boolean) =>
    oneByOne((counts) => wrong(counts) ? Promise.resolve({ failure: "broken" }) : evaluate(counts));
  const first = ([count]: readonly number[]) => count === ORIGINS[0].counts[0];
  const hooks = { evaluateAll: failing(first) };
  const { rollouts, failures } = await refineCounts(SPACE, OPTIONS, ORIGINS, hooks);
  assert.deepEqual([failures[0].rollout, failures[0].failure], [11, "broken"]);
  assert.equal(rollouts.length + failures.length, OPTIONS.networks);
  await assert.rejects(refine({}, { evaluateAll: failing(() => true) }), /the first: broken/);
});

Deno.test("refineCounts() tries nothing without something to start from, or when it must not", async () => {
  const none = await refineCounts(SPACE, OPTIONS, [], { evaluateAll });
  assert.deepEqual(none, { rollouts: [], failures: [] });
  assert.deepEqual(await refine({ networks: 0 }), []);
  const one = await refine({ networks: 1 });
  assert.deepEqual(one.map(({ counts }) => counts), [ORIGINS[0].counts]);
});
