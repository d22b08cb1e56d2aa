import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadKernels } from "../../../src/kernels/load.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { createRandom, shuffledIndices } from "../../../src/base/random.ts";
import { createSelector } from "../../../src/pruning/selection/ranking.ts";
import type { Problem } from "../../../src/pruning/selection/problem.ts";
import type { SelectionMethod } from "../../../src/pruning/selection/selector.ts";
import { permuteChannels, randomProblem, silenceChannel } from "../../reference/samples.ts";

await startBackend();
const kernels = await loadKernels();

const CHANNELS = 8;
const PROBLEM = randomProblem({ taps: 4, channels: CHANNELS, outputs: 5, seed: 1 });
const OTHER = randomProblem({ taps: 1, channels: CHANNELS, outputs: 3, seed: 2 });
const FLATTENED = randomProblem({
  taps: 1,
  channels: CHANNELS,
  positionsPerChannel: 3,
  outputs: 4,
  seed: 3,
});
const METHODS: SelectionMethod[] = ["lasso", "obs", "magnitude"];

function keptBy(method: SelectionMethod, problems: Problem[], count: number): number[] {
  return [...createSelector(kernels, problems, method).keep(count).kept];
}

for (const method of METHODS) {
  Deno.test(`${method} keeps exactly as many channels as asked, ascending`, () => {
    for (const problem of [PROBLEM, OTHER, FLATTENED]) {
      const selector = createSelector(kernels, [problem], method);
      assert.equal(selector.channels, CHANNELS);
      for (let count = 0; count <= CHANNELS; count++) {
        const kept = [...selector.keep(count).kept];
        assert.equal(new Set(kept).size, count);
        assert.deepEqual(kept, kept.toSorted((a, b) => a - b));
        assert.ok(kept.every((channel) => channel >= 0 && channel < CHANNELS));
      }
    }
  });

  Deno.test(`${method} gives the renamed channels when channels are renamed`, () => {
    const permutation = shuffledIndices(CHANNELS, createRandom(4));
    for (const problem of [PROBLEM, FLATTENED]) {
      for (const count of [2, 5]) {
        const expected = keptBy(method, [problem], count).map((channel) => permutation[channel]);
        const actual = keptBy(method, [permuteChannels(problem, permutation)], count);
        assert.deepEqual(actual, expected.toSorted((a, b) => a - b));
      }
    }
  });

  Deno.test(`${method} keeps one channel at least of every guarded set, and the best otherwise`, () => {
    const order = [...createSelector(kernels, [PROBLEM], "obs").removalOrder];
    // Sets of those that go first, one of them within another: without guards few are hit.
    const guards = [order.slice(0, 3), order.slice(1, 2), [order[0], order[4]]];
    const free = createSelector(kernels, [PROBLEM], method);
    const guarded = createSelector(kernels, [PROBLEM], method, { guards });
    for (let count = guards.length; count <= CHANNELS; count++) {
      const kept = [...guarded.keep(count).kept];
      assert.equal(new Set(kept).size, count);
      for (const guard of guards) assert.ok(guard.some((channel) => kept.includes(channel)));
      const best = [...free.keep(count).kept];
      const isHit = guards.every((guard) => guard.some((channel) => best.includes(channel)));
      if (isHit && method !== "obs") assert.deepEqual(kept, best);
    }
  });

  Deno.test(`${method} decides alike however large a consumer's output is`, () => {
    const { moments } = PROBLEM;
    const louder = {
      ...PROBLEM,
      weights: PROBLEM.weights.map((value) => 8 * value),
      moments: {
        ...moments,
        cross: moments.cross.map((value) => 8 * value),
        sumYY: moments.sumYY.map((value) => 64 * value),
      },
    };
    for (let count = 1; count < CHANNELS; count++) {
      assert.deepEqual(
        keptBy(method, [louder, OTHER], count),
        keptBy(method, [PROBLEM, OTHER], count),
      );
    }
  });

  Deno.test(`${method} decides on two equal consumers as on one`, () => {
    for (let count = 1; count < CHANNELS; count++) {
      assert.deepEqual(keptBy(method, [PROBLEM, PROBLEM], count), keptBy(method, [PROBLEM], count));
    }
  });

  Deno.test(`${method} lets channels without signal go first and names them`, () => {
    const silent = silenceChannel(silenceChannel(PROBLEM, 2), 6);
    const selector = createSelector(kernels, [silent], method);
    assert.deepEqual([...selector.keep(CHANNELS - 2).kept], [0, 1, 3, 4, 5, 7]);
    assert.deepEqual([...selector.keep(3).dead], [2, 6]);
    assert.equal(selector.keep(CHANNELS).kept.length, CHANNELS);
    const stillHeard = createSelector(kernels, [silent, OTHER], method);
    assert.equal(stillHeard.keep(3).dead.length, 0);
  });

  Deno.test(`${method} gives the same answer twice`, () => {
    for (let count = 0; count <= CHANNELS; count++) {
      assert.deepEqual(
        keptBy(method, [PROBLEM, FLATTENED], count),
        keptBy(method, [PROBLEM, FLATTENED], count),
      );
    }
  });

  Deno.test(`${method} leaves no tensor behind and refuses counts that do not exist`, () => {
    const before = tf.memory().numTensors;
    const selector = createSelector(kernels, [PROBLEM], method);
    assert.throws(() => selector.keep(CHANNELS + 1), /wanted an integer from 0 to 8/);
    assert.throws(() => selector.keep(1.5), /wanted an integer from 0 to 8/);
    assert.equal(tf.memory().numTensors, before);
  });

  Deno.test(`${method} refuses problems that do not describe one space`, () => {
    const narrower = randomProblem({ taps: 1, channels: CHANNELS - 1, outputs: 3, seed: 2 });
    assert.throws(() => createSelector(kernels, [PROBLEM, narrower], method), /7 channels; wanted/);
    assert.throws(() => createSelector(kernels, [], method), /no problem given/);
  });
}

const STARVED = [1, 7, 31].map((count) =>
  randomProblem({ taps: 4, channels: CHANNELS, outputs: 5, seed: 5, count })
);

for (const method of METHODS) {
  Deno.test(`${method} answers for every count from fewer samples than inputs, even one`, () => {
    for (const problem of STARVED) {
      const selector = createSelector(kernels, [problem], method);
      for (let count = 0; count <= CHANNELS; count++) {
        assert.equal(new Set(selector.keep(count).kept).size, count);
      }
    }
  });
}
