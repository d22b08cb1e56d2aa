import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError, WorkerError } from "../../../src/base/errors.ts";
import { option } from "../../../src/base/message.ts";
import type { Figures } from "../../../src/execution/forward/objective.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import { readPreprocessing } from "../../../src/model/read_preprocessing.ts";
import { createReplicaAnswerer } from "../../../src/session/workers/thread_replica.ts";
import type { ReplicaSpec } from "../../../src/session/workers/replica.ts";
import { shardIndices, WorkerPool } from "../../../src/session/workers/worker_pool.ts";
import { recordError, reviveError } from "../../../src/base/threads/error_record.ts";
import {
  encodeIdxImages,
  encodeIdxLabels,
  imageInputs,
  inTempFolder,
  writeFile,
} from "../../data/fixtures.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";
import { makeWorkersMortal, WAYS } from "./mortal_workers.ts";

const PREPROCESSING = imageInputs(8, 8, 1);

function specOf(data: string, outputs: number): ReplicaSpec {
  return { data, preprocessing: PREPROCESSING, outputs, badImageShare: 0 };
}

const withImages = (run: (folder: string) => Promise<void>) => () =>
  inTempFolder(async (folder) => {
    const labels = [0, 1, 2, 0, 1, 2];
    for (const part of ["train", "t10k"]) {
      await writeFile(`${folder}/${part}-images-idx3-ubyte`, encodeIdxImages(6, 8, 8));
      await writeFile(`${folder}/${part}-labels-idx1-ubyte`, encodeIdxLabels(labels));
    }
    await run(folder);
  });

Deno.test("shards are equal runs that give the whole again", () => {
  const indices = Int32Array.from({ length: 11 }, (_, index) => 3 * index);
  for (const workers of [1, 2, 3, 7, 20]) {
    const shards = shardIndices(indices, workers);
    assert.equal(shards.length, workers);
    assert.deepEqual(shards.flatMap((shard) => [...shard]), [...indices]);
    const lengths = shards.map(({ length }) => length);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
});

Deno.test("shards of whole units differ by one unit at most, and only the last unit is cut short", () => {
  const indices = Int32Array.from({ length: 43 }, (_, index) => 3 * index);
  for (const workers of [1, 2, 3, 5, 12]) {
    const shards = shardIndices(indices, workers, 4);
    assert.deepEqual(shards.flatMap((shard) => [...shard]), [...indices]);
    const units = shards.map(({ length }) => Math.ceil(length / 4));
    assert.ok(Math.max(...units) - Math.min(...units) <= 1);
    assert.equal(shards.filter(({ length }) => length % 4 !== 0).length, 1);
  }
});

Deno.test("an error keeps its class, message, options and place between threads", () => {
  const error = new InputError(["reading x: found y; give ", option("inputSize")]);
  const revived = reviveError(structuredClone(recordError(error)));
  assert.ok(revived instanceof InputError);
  assert.equal(revived.message, error.message);
  assert.equal(revived.option, "inputSize");
  assert.equal(revived.stack, error.stack);
  assert.equal(reviveError(recordError("plain")).message, "plain");
});

Deno.test(
  "a data set that does not fit the network ends the opening of a pool",
  withImages(async (folder) => {
    await assert.rejects(WorkerPool.open(specOf(folder, 2), 2), InputError);
  }),
);

Deno.test(
  "an error in a worker rejects the request with its class",
  withImages(async (folder) => {
    const pool = await WorkerPool.open(specOf(folder, 3), 2);
    try {
      const topology = { class_name: "Nonsense", config: { layers: [] } };
      const broken = { topology, weights: new Map(), bytes: 0, path: "broken" } as never;
      const images = { split: "test", indices: Int32Array.of(0, 1), batchSize: 1 } as const;
      await pool.setObjective({ kind: "classification" });
      await assert.rejects(pool.evaluate(broken, images), InputError);
    } finally {
      await pool.close();
    }
  }),
);

for (const [how, message] of WAYS) {
  Deno.test(
    `a worker that ends (${how}) rejects the request and all that follow`,
    withImages(async (folder) => {
      using _ = makeWorkersMortal({ method: "faults", at: 2, how });
      const pool = await WorkerPool.open(specOf(folder, 3), 2);
      try {
        assert.equal((await pool.faults()).count, 0);
        await assert.rejects(pool.faults(), (error) => {
          assert.ok(error instanceof WorkerError);
          assert.match(error.message, message);
          return true;
        });
        await assert.rejects(pool.endCalibration(), WorkerError);
      } finally {
        await pool.close();
      }
    }),
  );
}

Deno.test(
  "a worker that ends while it opens ends the opening of the pool",
  withImages(async (folder) => {
    for (const how of ["throw", "close"] as const) {
      using _ = makeWorkersMortal({ method: "open", at: 1, how });
      await assert.rejects(WorkerPool.open(specOf(folder, 3), 3), WorkerError);
    }
  }),
);

Deno.test(
  "a request that fails on this thread waits for the workers before it says so",
  withImages(async (folder) => {
    const pool = await WorkerPool.open(specOf(folder, 3), 3);
    try {
      // No training has been started: every replica fails.
      await assert.rejects(pool.trainStep(Int32Array.of(0, 1, 2), 1, new Float32Array(1)));
      assert.equal((await pool.faults()).count, 0);
    } finally {
      await pool.close();
    }
  }),
);

/** A network for these images. */
async function smallNetwork() {
  await startBackend();
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 1] }),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  const file = await captureModel(model);
  disposeModel(model);
  return file;
}

Deno.test(
  "a replica that is stopped ends at the next batch, and does what it is asked then",
  withImages(async (folder) => {
    const file = await smallNetwork();
    const answer = createReplicaAnswerer();
    await answer({ open: specOf(folder, 3) });
    const ask = (method: string, ...args: unknown[]) => answer({ method, args } as never);
    await ask("setObjective", { kind: "classification" });
    const images = { split: "test", indices: new Int32Array(1000), batchSize: 1 };
    const tensors = tf.memory().numTensors;
    for (let time = 0; time < 2; time++) {
      const work = ask("evaluate", file, images);
      const ended = assert.rejects(work, /another thread has ended the work/);
      await ask("stop");
      await ended;
      assert.equal(tf.memory().numTensors, tensors);
    }
    const few = { ...images, indices: Int32Array.of(0, 1) };
    const batches = await ask("evaluate", file, few) as { losses: Float64Array }[];
    assert.deepEqual(batches.map(({ losses }) => losses.length), [1, 1]);
    await ask("close");
  }),
);

Deno.test(
  "work that ends on this thread ends with its error, and the pool goes on",
  withImages(async (folder) => {
    const file = await smallNetwork();
    const pool = await WorkerPool.open(specOf(folder, 3), 2);
    try {
      await pool.setObjective({ kind: "classification" });
      const images = { split: "test", indices: new Int32Array(400), batchSize: 1 } as const;
      pool.local.onBatch = () => {
        throw new Error("enough");
      };
      for (let time = 0; time < 3; time++) {
        await assert.rejects(pool.evaluate(file, images), /^Error: enough$/);
      }
      pool.local.onBatch = () => {};
      const few = { ...images, indices: Int32Array.of(0, 1, 2, 3) };
      assert.equal((await pool.evaluate(file, few)).images, 4);
    } finally {
      await pool.close();
    }
  }),
);
for (const kind of ["classification", "outputError"] as const) {
  Deno.test(
    `one, two and three threads measure the same to the last bit (${kind})`,
    withNoise(async (data) => {
      await startBackend();
      const file = await noisyNetwork("preActivation");
      const reference = await noisyNetwork("preActivation", 7);
      const preprocessing = readPreprocessing(file);
      const indices = Int32Array.from({ length: 150 }, (_, index) => (7 * index) % 160);
      const found: { figures: Figures; moments: unknown }[] = [];
      for (const workers of [1, 2, 3]) {
        const pool = await WorkerPool.open({ data, preprocessing, badImageShare: 0 }, workers);
        try {
          await pool.setObjective(kind === "classification" ? { kind } : { kind, reference });
          const images = { split: "train", indices, batchSize: 8 } as const;
          const figures = await pool.evaluate(file, images);
          const together = await pool.evaluateVariants([file, reference], images);
          assert.deepEqual(together, [figures, await pool.evaluate(reference, images)]);
          found.push({ figures, moments: await pool.measureBatchNorm(file, images) });
        } finally {
          await pool.close();
        }
      }
      assert.equal(found[0].figures.images, 150);
      assert.deepEqual(found[1], found[0]);
      assert.deepEqual(found[2], found[0]);
    }),
  );
}
