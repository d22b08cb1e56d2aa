import assert from "node:assert/strict";
import { calibrate } from "../../../src/api/calibrate.ts";
import {
  loadStatistics,
  saveStatistics,
} from "../../../src/execution/calibration/statistics_file.ts";
import type { Statistics } from "../../../src/execution/calibration/statistics.ts";
import { InputError } from "../../../src/base/errors.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import type { ModelFile } from "../../../src/model/model_file.ts";
import { WorkerPool } from "../../../src/session/workers/worker_pool.ts";
import { prune, type PruneOptions } from "../../../src/api/prune.ts";
import { encodePng, randomBytes, writeFile } from "../../data/fixtures.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

const SMALL = {
  policy: { kind: "budget", share: 0.5 },
  repair: "layers",
  shared: "couple",
  batches: 4,
  batchSize: 40,
  workers: 1,
} as const satisfies Partial<PruneOptions>;

/** Notes the layers of every pass over the images for statistics of the original, and can do something after one. */
function watchGathering(after: () => void = () => {}): Disposable & { passes: string[][] } {
  const { gatherOriginal } = WorkerPool.prototype;
  const passes: string[][] = [];
  WorkerPool.prototype.gatherOriginal = async function (request, take) {
    passes.push([...request.layers]);
    await gatherOriginal.call(this, request, take);
    after();
  };
  return {
    passes,
    [Symbol.dispose]: () => void (WorkerPool.prototype.gatherOriginal = gatherOriginal),
  };
}

const weightsOf = ({ file }: { file: ModelFile }) =>
  [...file.weights].map(([name, { values }]) => [name, [...values]]);

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

for (
  const [policy, shared, needed] of [
    [{ kind: "budget", share: 0.5 }, "couple", 1],
    [{ kind: "budget", share: 0.5 }, "select", 1],
    [{ kind: "uniform", ratio: 0.5 }, "couple", 1],
    [{ kind: "uniform", ratio: 0.5 }, "select", 0],
  ] as const
) {
  Deno.test(
    `a ${policy.kind} run (${shared}) gathers once without a file, once to write it, never to read it`,
    withNoise(async (data, folder) => {
      const model = await noisyNetwork("postActivation");
      const statistics = `${folder}/s`;
      const run = async (more: Partial<PruneOptions> = {}) => {
        using gathering = watchGathering();
        const result = await prune({ ...SMALL, policy, shared, model, data, ...more });
        return { ...result, passes: gathering.passes.length };
      };
      const without = await run();
      const writing = await run({ statistics });
      const reading = await run({ statistics });
      assert.deepEqual([without.passes, writing.passes, reading.passes], [needed, 1, 0]);
      assert.deepEqual(weightsOf(writing), weightsOf(without));
      assert.deepEqual(weightsOf(reading), weightsOf(without));
      assert.equal(without.report.statistics, undefined);
      assert.deepEqual(writing.report.statistics, { file: statistics, action: "written" });
      assert.deepEqual(reading.report.statistics, { file: statistics, action: "read" });
      assert.deepEqual(namesIn(folder), ["s"]);
    }),
  );
}

Deno.test(
  "what a run writes is what calibrate() gives",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("preActivation");
    await prune({ ...SMALL, model, data, statistics: `${folder}/s` });
    const { batches, batchSize } = SMALL;
    const { statistics } = await calibrate({ model, data, batches, batchSize, workers: 1 });
    assert.deepEqual(await loadStatistics(`${folder}/s`), statistics);
  }),
);

/** Other images in the place of the first ones of a class. */
async function changeData(data: string): Promise<void> {
  for (let number = 0; number < 8; number++) {
    const png = encodePng(randomBytes(192, 77 + number), { width: 8, height: 8, colorType: 2 });
    await writeFile(`${data}/train/a/${number}.png`, png);
  }
}

Deno.test(
  "statistics of anything else are refused with the difference, and nothing is gathered",
  withNoise(async (data, folder) => {
    const path = `${folder}/s`;
    const model = await noisyNetwork("plain");
    const { batches, batchSize } = SMALL;
    const { statistics } = await calibrate({ model, data, batches, batchSize, workers: 1 });
    const refused = async (message: RegExp, more: Partial<PruneOptions>, stored = statistics) => {
      using gathering = watchGathering();
      await saveStatistics(path, stored);
      await assert.rejects(prune({ ...SMALL, model, data, statistics: path, ...more }), (error) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`reading ${path}: `), error.message);
        return true;
      });
      assert.deepEqual(gathering.passes, []);
    };
    await refused(/belong to seed 0, wanted 4; give others, or make them/, { seed: 4 });
    await refused(/belong to images 128, wanted 80;/, { batches: 2 });
    await refused(/belong to pointsPerImage none, wanted 9;/, { pointsPerImage: 9 });
    await refused(/belong to preprocessing .*"mean":\[127,127,127\].*, wanted .*\[100,100,100\]/, {
      preprocessing: { mean: [100] },
    });
    const digits = "[0-9a-f]{12}";
    await refused(new RegExp(`belong to model ${digits}, wanted ${digits};`), {
      model: await noisyNetwork("plain", 2),
    });
    const identity = { ...statistics.identity, version: "0.0.1, statistics 1" };
    const older: Statistics = { ...statistics, identity };
    await refused(/belong to version 0\.0\.1, statistics 1, wanted \d+\.\d+\.\d+, /, {}, older);
    const part: Statistics = { ...statistics, shards: { of: 3, have: [2] } };
    await refused(/found 1 of 3 shards, wanted all; add the missing ones, 1, 3, with/, {}, part);
    await changeData(data);
    await refused(new RegExp(`belong to data ${digits}, wanted ${digits};`), {});
  }),
);

Deno.test(
  "a damaged file is refused before anything is gathered, and stays",
  withNoise(async (data, folder) => {
    const path = `${folder}/s`;
    const model = await noisyNetwork("plain");
    await prune({ ...SMALL, model, data, statistics: path });
    const whole = await Deno.readFile(path);
    using gathering = watchGathering();
    for (
      const [bytes, message] of [
        [whole.slice(0, -8), /damaged or was cut off/],
        [new Uint8Array(0), /found no safetensors header/],
      ] as const
    ) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(prune({ ...SMALL, model, data, statistics: path }), message);
      assert.deepEqual(await Deno.readFile(path), bytes);
    }
    assert.deepEqual(gathering.passes, []);
  }),
);

Deno.test(
  "statistics that cannot be written end the run before it gathers, those that fail later leave no file",
  withNoise(async (data, folder) => {
    const model = await noisyNetwork("plain");
    const run = (statistics: string) => prune({ ...SMALL, model, data, statistics });
    using gathering = watchGathering(() => Deno.mkdirSync(`${folder}/s`));
    await assert.rejects(run(`${folder}/none/s`), InputError);
    assert.deepEqual(gathering.passes, []);
    await assert.rejects(run(`${folder}/s`), InputError);
    assert.equal(gathering.passes.length, 1);
    assert.deepEqual(namesIn(folder), ["s"]);
  }),
);
