import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { calibrate } from "../../src/api/calibrate.ts";
import { mergeStatistics } from "../../src/execution/calibration/statistics.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { prune, type PruneOptions } from "../../src/api/prune.ts";
import type { PruneResult } from "../../src/pruning/prune_report.ts";
import { runWorker, type WorkerOptions, type WorkerReport } from "../../src/distributed/worker.ts";
import { RedisServer, testWithRedis } from "./queue/redis_server.ts";
import { noisyNetwork, withNoise, withUnlabeledNoise } from "../support/noise.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 25, seed: 2, workers: 1 } satisfies Partial<PruneOptions>;
const POLICY = {
  kind: "auto",
  share: 0.6,
  search: { rollouts: 8, rolloutsMin: 4, proposals: 3 },
  images: 40,
  finalists: 3,
} as const;

/** A server and workers, which all end with the scene. */
class Scene implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly #controller = new AbortController();
  readonly #workers: Promise<WorkerReport>[] = [];

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async open(): Promise<Scene> {
    return new Scene(await RedisServer.start());
  }

  /** Starts a worker; it is waiting when this ends. */
  async startWorker(more: Partial<WorkerOptions> = {}): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#workers.push(
      runWorker({
        queue: this.redis.url,
        signal: this.#controller.signal,
        onReady: ready.resolve,
        ...more,
      }),
    );
    await ready.promise;
  }

  /** Ends the workers. */
  async endWorkers(): Promise<WorkerReport[]> {
    this.#controller.abort();
    return await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endWorkers();
    await this.redis.close();
  }
}

/** What a search tried, without the time that it took, and what it wrote. */
function substanceOf({ file, log, report }: PruneResult) {
  return {
    weights: [...file.weights.values()].map(({ name, values }) => [name, [...values]]),
    tried: log!.rollouts.map(({ seconds: _, ...rollout }) => rollout),
    winner: report.search!.winner,
  };
}

/** More steps than finalists get, so that the best is compared with the start behind all of them. */
const NETWORK_REPAIR = {
  repair: "network",
  networkRepair: { steps: 64, batchSize: 20 },
} satisfies Partial<PruneOptions>;

for (
  const [kind, images, how] of [
    ["labeled", withNoise, {}],
    ["unlabeled", withUnlabeledNoise, {}],
    ["repaired as a whole", withNoise, { ...NETWORK_REPAIR, seed: 1 }],
  ] as const
) {
  testWithRedis(
    `a search at a queue with two workers finds what it finds in this process (${kind})`,
    images(async (data, folder) => {
      await using scene = await Scene.open();
      const threads = "repair" in how ? 1 : 2;
      await Promise.all([scene.startWorker(), scene.startWorker({ workers: threads })]);
      const model = await noisyNetwork("preActivation");
      const common = { ...SMALL, model, data, policy: POLICY, shared: "couple", ...how } as const;
      const here = await prune(common);
      const tensors = tf.memory().numTensors;
      const queue = { url: scene.redis.url, blobs: `${folder}/blobs` };
      const there = await prune({ ...common, queue });
      assert.equal(tf.memory().numTensors, tensors, "all tensors are given back");
      assert.deepEqual(substanceOf(there), substanceOf(here));
      const reports = await scene.endWorkers();
      const done = reports.reduce((sum, report) => sum + report.done, 0);
      const { rollouts } = POLICY.search;
      const networks = here.log!.rollouts.map(({ rollout, counts }) =>
        `${rollout > rollouts} ${rollout > rollouts + POLICY.finalists} ${counts}`
      );
      assert.ok(new Set(networks).size > 4, "there is something to try");
      assert.equal(done, new Set(networks).size, "equal networks are tried once");
      assert.ok(reports.every(({ failed }) => failed === 0));
    }),
  );
}

testWithRedis(
  "shards at a queue add up to what they add up to in this process",
  withNoise(async (data, folder) => {
    await using scene = await Scene.open();
    await Promise.all([scene.startWorker(), scene.startWorker()]);
    const model = await noisyNetwork("preActivation");
    const common = { ...SMALL, model, data };
    const shards = [];
    for (const number of [1, 2, 3]) {
      shards.push((await calibrate({ ...common, shard: { number, of: 3 } })).statistics);
    }
    const done: number[] = [];
    const { statistics, report } = await calibrate({
      ...common,
      queue: { url: scene.redis.url, blobs: `${folder}/blobs`, shards: 3 },
      onProgress: (progress) => done.push(progress.done),
    });
    assert.deepEqual(statistics, mergeStatistics(shards));
    assert.equal(report.images.shard, 100);
    assert.deepEqual(done, [0, 1, 2, 3]);
  }),
);

testWithRedis(
  "more shards than portions of images are refused before anybody is asked",
  withNoise(async (data, folder) => {
    await using scene = await Scene.open();
    const model = await noisyNetwork("preActivation");
    const queue = { url: scene.redis.url, blobs: `${folder}/blobs`, shards: 5 };
    await assert.rejects(
      calibrate({ ...SMALL, model, data, queue }),
      /found 5 shards, wanted at most 4/,
    );
  }),
);

/** A data set of the same name with the images of another class in the place of one. */
async function writeOtherImages(data: string, folder: string): Promise<string> {
  const other = `${folder}/elsewhere`;
  await copyFolder(data, `${other}/data`);
  await Deno.copyFile(`${data}/train/b/1.png`, `${other}/data/train/a/0.png`);
  return other;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

testWithRedis(
  "a worker that has other images refuses with both hashes, and one that has them does the job",
  withNoise(async (data, folder) => {
    await using scene = await Scene.open();
    await scene.startWorker({ dataFolder: await writeOtherImages(data, folder) });
    const model = await noisyNetwork("preActivation");
    const queue = { url: scene.redis.url, blobs: `${folder}/blobs`, shards: 1 };
    const run = (attempts: number) =>
      calibrate({ ...SMALL, model, data, queue: { ...queue, attempts } });
    await assert.rejects(run(1), (error: Error) => {
      const [, found, wanted] = /found data ([0-9a-f]{12}), wanted ([0-9a-f]{12}); give this worker/
        .exec(error.message)!;
      assert.notEqual(found, wanted);
      return error.name === "InputError";
    });
    await scene.startWorker();
    const { statistics } = await run(5);
    assert.deepEqual(statistics.shards.have, [1]);
  }),
);

testWithRedis(
  "a blob that is damaged is refused with both hashes",
  withNoise(async (data, folder) => {
    await using scene = await Scene.open();
    const blobs = `${folder}/blobs`;
    const model = await noisyNetwork("preActivation");
    const queue = { url: scene.redis.url, blobs, shards: 1, attempts: 1 };
    await scene.startWorker({
      onBegin: () => {
        for (const { name } of Deno.readDirSync(blobs)) {
          Deno.writeTextFileSync(`${blobs}/${name}`, "no");
        }
      },
    });
    await assert.rejects(
      calibrate({ ...SMALL, model, data, queue }),
      /fetching [0-9a-f]{64} from .*blobs: found content with the hash [0-9a-f]{64}; remove it/,
    );
  }),
);

testWithRedis(
  "a search that nobody can do ends with what the workers said",
  withNoise(async (data, folder) => {
    await using scene = await Scene.open();
    await scene.startWorker({ dataFolder: await writeOtherImages(data, folder) });
    const model = await noisyNetwork("preActivation");
    const queue = { url: scene.redis.url, blobs: `${folder}/blobs`, attempts: 1 };
    await assert.rejects(
      prune({ ...SMALL, model, data, shared: "couple", policy: POLICY, queue }),
      /found data [0-9a-f]{12}, wanted [0-9a-f]{12}; give this worker/,
    );
  }),
);
