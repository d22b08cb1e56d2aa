import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/mod.ts";
import { prune } from "../../src/prune.ts";
import type { AutoPolicy, PruneOptions, PruneResult } from "../../src/pruning/mod.ts";
import type { NetworkName } from "../networks.ts";
import { noisyNetwork, withNoise } from "../noise.ts";

await startBackend();

const SEARCH = { rollouts: 12, rolloutsMin: 5 };
const POLICY = {
  kind: "auto",
  share: 0.5,
  search: SEARCH,
  images: 60,
  finalists: 4,
} as const;
const TRIED = SEARCH.rollouts + POLICY.finalists;
const SMALL = { batches: 4, batchSize: 25, seed: 2, workers: 1 } satisfies Partial<PruneOptions>;

const weightsOf = ({ file }: PruneResult) =>
  [...file.weights.values()].flatMap(({ values }) => [...values]);

for (const name of ["preActivation", "postActivation", "mobile"] as NetworkName[]) {
  for (const shared of ["select", "couple"] as const) {
    for (const target of ["macs", "params"] as const) {
      Deno.test(
        `every network that is tried, and the answer, meet a budget of the ${target} (${name}, ${shared})`,
        withNoise(async (data) => {
          const model = await noisyNetwork(name);
          const policy = { ...POLICY, target, share: 0.6 };
          const before = tf.memory().numTensors;
          const { report, log } = await prune({ ...SMALL, model, data, shared, policy });
          assert.equal(tf.memory().numTensors, before, "all tensors are given back");
          const { macs, params, search } = report;
          const kept = target === "macs"
            ? macs.convAfter / macs.convBefore
            : params.after / params.before;
          assert.ok(kept <= 0.6, `${kept}`);
          assert.ok(Math.max(...log!.rollouts.map(({ cost }) => cost)) <= 0.6);
          assert.equal(log!.rollouts.length, TRIED);
          const winner = search!.finalists.find(({ rollout }) => rollout === search!.winner)!;
          assert.ok(search!.finalists.every(({ loss }) => loss >= winner.loss));
          const started = log!.rollouts[0].counts.join();
          const isStart = ({ rollout }: { rollout: number }) =>
            log!.rollouts[rollout - 1].counts.join() === started;
          assert.ok(search!.finalists.some(isStart), "the start is one");
        }),
      );
    }
  }
}

Deno.test(
  "a search that is interrupted at any roll-out goes on to the same answer",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    const common = { ...SMALL, model, data, shared: "couple" } as const;
    const whole = await prune({ ...common, policy: POLICY });
    for (const last of [1, 6, 12, 14]) {
      const checkpoint = `${folder}/${last}`;
      const controller = new AbortController();
      const onRollout: AutoPolicy["onRollout"] = ({ rollout }) => {
        if (rollout === last) controller.abort(new Error("interrupted"));
      };
      const interrupted = { ...common, checkpoint, signal: controller.signal };
      await assert.rejects(
        prune({ ...interrupted, policy: { ...POLICY, onRollout } }),
        /interrupted/,
      );
      const journal = `${checkpoint}/search.jsonl`;
      await Deno.writeTextFile(journal, '{"kind":"rollout","roll', { append: true });
      let tried = 0;
      const resumed = await prune({
        ...common,
        checkpoint,
        resume: true,
        policy: { ...POLICY, onRollout: () => tried++ },
      });
      assert.equal(tried, TRIED - last);
      assert.deepEqual(resumed.log, whole.log);
      assert.deepEqual(resumed.report.search, whole.report.search);
      assert.deepEqual(weightsOf(resumed), weightsOf(whole));
    }
  }),
);

Deno.test(
  "a search that is done is not repeated when its run goes on",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const run = { ...SMALL, model, data, checkpoint: `${folder}/state` };
    const first = await prune({ ...run, policy: POLICY });
    const entries = await Deno.readTextFile(`${folder}/state/search.jsonl`);
    const again = await prune({ ...run, policy: POLICY, resume: true });
    assert.deepEqual(weightsOf(again), weightsOf(first));
    assert.equal(await Deno.readTextFile(`${folder}/state/search.jsonl`), entries);
  }),
);

Deno.test(
  "a search with other options, or whose journal is not there, is not gone on from",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const run = { ...SMALL, model, data, checkpoint: `${folder}/state` };
    const refused = async (policy: AutoPolicy, message: RegExp) =>
      await assert.rejects(prune({ ...run, policy, resume: true }), (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        return true;
      });
    await refused(POLICY, /reading the search journal .*: no such file/);
    await prune({ ...run, policy: POLICY });
    await refused({ ...POLICY, share: 0.7 }, /other options: policy was .*0\.5.*, now .*0\.7/);
  }),
);

Deno.test(
  "an unreachable budget says what can be reached",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    for (const start of ["budget", "none"] as const) {
      await assert.rejects(
        prune({ ...SMALL, model, data, policy: { ...POLICY, start, share: 0.01 } }),
        /found 0\.\d+ as the least share that can be reached, wanted 0\.0100; raise --budget/,
      );
    }
  }),
);

Deno.test(
  "without a budget the agent trades accuracy for multiply-accumulates",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const search = { ...SEARCH, rewardPolicy: "flops" } as const;
    const { log, report } = await prune({ ...SMALL, model, data, policy: { ...POLICY, search } });
    for (const { accuracy, error, cost, reward } of log!.rollouts) {
      assert.equal(error, 1 - accuracy!);
      const wanted = -Math.max(0.15, 1 - accuracy!) * Math.log(cost * report.macs.convBefore);
      assert.ok(Math.abs(reward - wanted) < 1e-9);
    }
  }),
);
