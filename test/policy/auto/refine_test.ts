import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { refineCounts, type Rollout, type SearchSpace } from "../../../src/policy/mod.ts";

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

const OPTIONS = {
  ...{ share: 0.5, seed: 3, rewardPolicy: "accuracy", noiseTolerance: 0.15 } as const,
  ...{ ratioNoise: 0.05, networks: 60, before: 10 },
};

function origin(rollout: number, given: readonly number[]): Rollout {
  const cost = given.reduce((sum, count) => sum + count, 0) / 96;
  const ratios = given.map((count) => count / 32);
  const figures = { error: 0.5, loss: 1, reward: 0.5, noise: 0 };
  return { rollout, source: "start", counts: given, ratios, cost, ...figures };
}

const ORIGINS = [origin(1, [16, 16, 16]), origin(7, [20, 14, 14])];

Deno.test("refineCounts() measures where it starts from, then comes near the best counts within the budget", async () => {
  const tried = await refineCounts(SPACE, OPTIONS, ORIGINS, { evaluate });
  assert.deepEqual(tried.map(({ rollout }) => rollout), [...Array(60).keys()].map((at) => at + 11));
  assert.deepEqual(tried.slice(0, 2).map(({ counts }) => counts), ORIGINS.map((o) => o.counts));
  assert.ok(tried.every(({ cost, source }) => cost <= 0.5 && source === "refined"));
  const best = Math.min(...tried.map(({ loss }) => loss));
  assert.ok(best < lossOf(ORIGINS[0].counts) / 10, `${best}`);
});

Deno.test("refineCounts() goes on from what is recorded to the same networks", async () => {
  const whole = await refineCounts(SPACE, OPTIONS, ORIGINS, { evaluate });
  const told: number[] = [];
  let evaluated = 0;
  const resumed = await refineCounts(SPACE, OPTIONS, ORIGINS, {
    recorded: whole.slice(0, 25),
    evaluate: (counts) => {
      evaluated++;
      return evaluate(counts);
    },
    onRollout: ({ rollout }) => void told.push(rollout),
  });
  assert.deepEqual(resumed, whole);
  assert.equal(told.length, 35);
  assert.ok(evaluated <= 35);
  const other = [{ ...whole[0], counts: [1, 1, 1] }];
  await assert.rejects(
    refineCounts(SPACE, OPTIONS, ORIGINS, { evaluate, recorded: other }),
    InputError,
  );
});

Deno.test("refineCounts() tries nothing without something to start from, or when it must not", async () => {
  assert.deepEqual(await refineCounts(SPACE, OPTIONS, [], { evaluate }), []);
  const none = { ...OPTIONS, networks: 0 };
  assert.deepEqual(await refineCounts(SPACE, none, ORIGINS, { evaluate }), []);
  const one = await refineCounts(SPACE, { ...OPTIONS, networks: 1 }, ORIGINS, { evaluate });
  assert.deepEqual(one.map(({ counts }) => counts), [ORIGINS[0].counts]);
});
