import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { prune } from "../../../src/api/prune.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../../support/noise.ts";

await startBackend();

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
