import assert from "node:assert/strict";
import { ACTIVATION_BUDGET, fitBatch } from "../../../src/graph/fit_batch.ts";
import { activationBytes } from "../../../src/graph/activation_bytes.ts";
import { readPreprocessing } from "../../../src/model/read_preprocessing.ts";
import { TrainingReplica } from "../../../src/session/workers/training_replica.ts";
import { WorkerPool } from "../../../src/session/workers/worker_pool.ts";
import { layOutParameters } from "../../../src/execution/training/parameters.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { disposeModel } from "../../../src/model/instantiate.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

Deno.test("a batch is as large as was asked for, as has room, and one image at least", () => {
  assert.equal(fitBatch(128, 0), 128);
  assert.equal(fitBatch(128, 1000), 128);
  assert.equal(fitBatch(128, ACTIVATION_BUDGET / 10), 10);
  assert.equal(fitBatch(128, ACTIVATION_BUDGET * 10), 1);
});

Deno.test(
  "networks are measured and trained in smaller parts where images have no room together",
  withNoise(async (data) => {
    await startBackend();
    const file = await noisyNetwork("decoder");
    const { graph, model } = await openNetwork(file);
    const { length } = layOutParameters(graph);
    disposeModel(model);
    const indices = Int32Array.from({ length: 24 }, (_, index) => 5 * index);
    const spec = { data, preprocessing: readPreprocessing(file), badImageShare: 0 };
    const [forward, backward] = [ACTIVATION_BUDGET / 10, ACTIVATION_BUDGET / 8];
    const tight = { forward, backward, gradient: 1, training: ACTIVATION_BUDGET / 7 };
    const found = [];
    for (const imageBytes of [undefined, tight]) {
      const pool = await WorkerPool.open({ ...spec, imageBytes }, 2);
      try {
        let batches = 0;
        pool.local.onBatch = () => void batches++;
        await pool.setObjective({
          kind: "outputError",
          reference: await noisyNetwork("decoder", 7),
        });
        const figures = await pool.evaluate(file, { split: "train", indices, batchSize: 12 });
        assert.equal(batches, imageBytes ? 3 : 1);
        assert.equal(pool.batchSizeFor(12), imageBytes ? 5 : 12);
        const weights = await pool.startTraining({
          file,
          loss: { kind: "outputs", variances: figures.outputs!.map(() => 1) },
          teacher: await noisyNetwork("decoder", 7),
          augmentation: { shift: 0, flip: false },
          seed: 1,
        }, length);
        for (let i = 0; i < weights.length; i++) weights[i] = Math.sin(i) / 8;
        const gradients = new Float32Array(length);
        const sums = await pool.trainStep(indices, 1, gradients);
        found.push({ figures, gradients, sums });
      } finally {
        await pool.close();
      }
    }
    const [whole, parts] = found;
    assert.ok(Math.abs(whole.figures.loss - parts.figures.loss) < 1e-6 * whole.figures.loss);
    assert.equal(parts.sums.images, 24);
    assert.ok(Math.abs(whole.sums.loss - parts.sums.loss) < 1e-4 * whole.sums.loss);
    const largest = whole.gradients.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(largest > 0);
    whole.gradients.forEach((value, i) =>
      assert.ok(Math.abs(value - parts.gradients[i]) < 1e-3 * largest, `gradient ${i}`)
    );
  }),
);

Deno.test(
  "batches follow the network that another is compared with, and a teacher, where these are larger",
  withNoise(async (data) => {
    await startBackend();
    const file = await noisyNetwork("decoder");
    const { graph, model } = await openNetwork(file);
    disposeModel(model);
    const { forward } = activationBytes(graph);
    const imageBytes = { forward: 1, backward: 1, gradient: 1, training: 1 };
    const spec = { data, preprocessing: readPreprocessing(file), badImageShare: 0, imageBytes };
    const pool = await WorkerPool.open(spec, 1);
    try {
      assert.equal(pool.batchSizeFor(ACTIVATION_BUDGET), ACTIVATION_BUDGET / 2);
      await pool.setObjective({ kind: "outputError", reference: file });
      const wanted = Math.floor(ACTIVATION_BUDGET / (1 + forward));
      assert.equal(pool.batchSizeFor(ACTIVATION_BUDGET), wanted);
    } finally {
      await pool.close();
    }
    const request = {
      file,
      loss: { kind: "outputs", variances: [1] },
      augmentation: { shift: 0, flip: false },
      seed: 1,
      weights: new ArrayBuffer(),
      gradients: new ArrayBuffer(),
    } as const;
    for (const teacher of [undefined, file]) {
      const training = await TrainingReplica.open({ ...request, teacher }, []);
      assert.equal(training.teacherBytes, teacher ? forward : 0);
      training.dispose();
    }
  }),
);
