import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { latencyBatch } from "../../src/cost/latency_batch.ts";
import { activationBytes } from "../../src/graph/activation_bytes.ts";
import { ACTIVATION_BUDGET } from "../../src/graph/fit_batch.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../src/model/instantiate.ts";

await startBackend();

Deno.test("latency is that of 32 images, or of as many as have room", async () => {
  const batches = [32, 256, 640, 4096].map(async (extent) => {
    const model = tf.sequential({
      layers: [tf.layers.conv2d({ inputShape: [extent, extent, 3], filters: 16, kernelSize: 3 })],
    });
    const { graph, model: opened } = await openNetwork(await captureModel(model));
    disposeModel(opened);
    const batch = latencyBatch(graph);
    const { forward } = activationBytes(graph);
    assert.ok(batch === 1 || batch * forward <= ACTIVATION_BUDGET);
    assert.ok(batch === 32 || (batch + 1) * forward > ACTIVATION_BUDGET);
    return batch;
  });
  assert.deepEqual(await Promise.all(batches), [32, 32, 8, 1]);
});
