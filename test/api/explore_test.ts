import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { explore } from "../../src/api/explore.ts";
import { prune } from "../../src/api/prune.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { WorkerPool } from "../../src/session/workers/worker_pool.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../support/noise.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 20, seed: 2, workers: 1 } as const;

Deno.test(
  "a curve goes from large to small with the counts of the policy budget, by one pass over the images",
  withNoise(async (data) => {
    const model = await noisyNetwork("preActivation");
    const { gatherOriginal } = WorkerPool.prototype;
    let passes = 0;
    WorkerPool.prototype.gatherOriginal = async function (...given) {
      passes++;
      await gatherOriginal.apply(this, given);
    };
    const before = tf.memory().numTensors;
    const seen: number[] = [];
    const onPoint = ({ share }: { share: number }) => void seen.push(share);
    try {
      const shares = [0.8, 0.6, 0.001];
      const { original, points } = await explore({ ...SMALL, model, data, shares, onPoint });
      assert.equal(passes, 1);
      assert.equal(tf.memory().numTensors, before, "all tensors are given back");
      assert.deepEqual(seen, [0.8, 0.6], "what cannot be reached has no point");
      for (const { share, macs, params, accuracy, drop, standardError, images } of points) {
        const policy = { kind: "budget", share } as const;
        const { report } = await prune({ ...SMALL, model, data, policy, repair: "layers" });
        assert.equal(macs, report.macs.after);
        assert.ok(params < original.params);
        assert.ok(Math.abs(drop - (original.accuracy! - accuracy!)) < 1e-12);
        assert.ok(standardError >= 0 && images === original.images);
      }
    } finally {
      WorkerPool.prototype.gatherOriginal = gatherOriginal;
    }
  }),
);

Deno.test(
  "without classes a curve is of the outputs' relative error",
  withUnlabeledNoise(async (data) => {
    const model = await noisyNetwork("plain");
    const { original, points } = await explore({ ...SMALL, model, data, shares: [0.8, 0.4] });
    assert.equal(original.accuracy, undefined);
    assert.ok(points[0].drop > 0 && points[0].drop < points[1].drop);
  }),
);
