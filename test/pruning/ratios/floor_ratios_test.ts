import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { prune } from "../../../src/api/prune.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { PruneResult } from "../../../src/pruning/prune_report.ts";
import { inTempFolder } from "../../data/fixtures.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../../support/noise.ts";

await startBackend();

/** The stage in which a network is repaired as a whole. */
const REPAIRING = "repairing the network";

const weightsOf = ({ file }: PruneResult) => [...file.weights.values()].map(({ values }) => values);

const SMALL = { batches: 4, batchSize: 20, seed: 2, workers: 1 } as const;

Deno.test(
  "a larger error that is allowed gives a smaller network, which keeps it on held-out images",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const before = tf.memory().numTensors;
    const macs: number[] = [];
    for (const maxError of [0.2, 0.6]) {
      const policy = { kind: "floor", maxError } as const;
      const { report } = await prune({ ...SMALL, effort: "quick", model, data, policy });
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      const { floor } = report;
      assert.ok(floor!.drop <= maxError);
      assert.ok(floor!.confidence >= 0.5 && floor!.standardError > 0);
      assert.ok(floor!.tried.length >= 1 && floor!.tried.length <= 4);
      assert.ok(report.macs.after <= floor!.share * report.macs.before);
      assert.ok(floor!.tried.every(({ drop, share }) => share >= floor!.share || drop > maxError));
      macs.push(report.macs.after);
    }
    assert.ok(macs[1] < macs[0]);
  }),
);

Deno.test(
  "a floor beside which latency is counted says of which predictions it is, and what ran them",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const latencyTable = `${data}-latencies.json`;
    const counted = { target: "latency", runtime: "secateur", latencyTable } as const;
    const policy = { kind: "floor", maxDrop: 0.9, ...counted } as const;
    const { report: { floor } } = await prune({ ...SMALL, model, data, policy });
    assert.deepEqual([floor!.target, floor!.runtime], ["latency", "secateur"]);
    assert.ok(floor!.batchSize! >= 1);
  }),
);

Deno.test(
  "a floor of the accuracy is kept by the network that is written, with the repair of the whole network",
  withNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const policy = { kind: "floor", maxDrop: 0.5 } as const;
    const { report } = await prune({ ...SMALL, model, data, policy });
    assert.ok(report.floor!.drop <= 0.5);
    assert.ok(report.networkRepair!.steps > 0);
    assert.ok(report.macs.after < report.macs.before);
  }),
);

Deno.test(
  "a run with a floor that was interrupted in its last repair, and resumed, repairs no other again and gives the same network",
  withNoise((data) =>
    inTempFolder(async (folder) => {
      const model = await noisyNetwork("plain");
      const policy = { kind: "floor", maxDrop: 0.2 } as const;
      const networkRepair = { steps: 12, batchSize: 20 };
      const run = { ...SMALL, model, data, policy, networkRepair };
      const repaired = (stages: readonly string[]) =>
        stages.filter((stage, at) => stage === REPAIRING && stages[at - 1] !== stage).length;
      const follow = (stages: string[], onLast?: () => void) => ({
        onProgress: ({ stage, done }: { stage: string; done: number }) => {
          stages.push(stage);
          if (stage === REPAIRING && done === 6 && repaired(stages) === trials) onLast?.();
        },
      });
      const stages: string[] = [];
      let trials = Infinity;
      const whole = await prune({ ...run, ...follow(stages) });
      trials = repaired(stages);
      assert.equal(trials, whole.report.floor!.tried.length);

      const controller = new AbortController();
      const checkpoint = `${folder}/state`;
      const interrupted = prune({
        ...run,
        ...follow([], () => controller.abort(new Error("enough"))),
        checkpoint,
        signal: controller.signal,
      });
      await assert.rejects(interrupted, /^Error: enough$/);
      const again: string[] = [];
      const rest = await prune({ ...run, ...follow(again), checkpoint, resume: true });
      assert.equal(repaired(again), 1);
      assert.ok(!again.includes("following the curve"));
      assert.deepEqual(weightsOf(rest), weightsOf(whole));
      assert.deepEqual(rest.report.floor, whole.report.floor);

      await assert.rejects(
        prune({ ...run, checkpoint, resume: true, policy: { ...policy, maxDrop: 0.3 } }),
        { name: "InputError", message: /^resuming from .*: found a run with / },
      );
      await assert.rejects(prune({ ...run, checkpoint: `${folder}/none`, resume: true }), {
        name: "InputError",
        message: /none/,
      });
    })
  ),
);

Deno.test(
  "what cannot be kept, or not be measured, is refused with what to do",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const run = { ...SMALL, effort: "quick", model, data } as const;
    await assert.rejects(prune({ ...run, policy: { kind: "floor", maxError: 1e-6 } }), {
      message: /found a drop of .* as the least; give a larger maxError, or a budget with share$/,
    });
    await assert.rejects(prune({ ...run, policy: { kind: "floor", maxDrop: 0.01 } }), {
      message: /wanted one of the relative error, for outputs are compared; give maxError$/,
    });
  }),
);
