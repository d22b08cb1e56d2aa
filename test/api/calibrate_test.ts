import assert from "node:assert/strict";
import { calibrate, calibrateToFile } from "../../src/api/calibrate.ts";
import {
  isComplete,
  mergeStatistics,
  type Statistics,
} from "../../src/execution/calibration/statistics.ts";
import { loadStatistics } from "../../src/execution/calibration/statistics_file.ts";
import { InputError } from "../../src/base/errors.ts";
import { findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../../src/graph/cuts/readers.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import type { Moments } from "../../src/kernels/moments.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

const SMALL = { batches: 4, batchSize: 40, pointsPerImage: 7, workers: 1 } as const;

const SUMS = ["gram", "cross", "sumX", "sumY", "sumYY"] as const;

/** Largest difference of two layers' sums, by the largest of each kind. */
function differenceOf(first: Moments, second: Moments): number {
  return Math.max(...SUMS.map((name) => {
    const scale = Math.max(...first[name].map(Math.abs));
    const differences = first[name].map((value, index) => Math.abs(value - second[name][index]));
    return Math.max(...differences) / scale;
  }));
}

function assertSame(found: Statistics, wanted: Statistics, tolerance: number): void {
  assert.deepEqual(found.identity, wanted.identity);
  assert.deepEqual([...found.layers.keys()], [...wanted.layers.keys()]);
  for (const [key, moments] of wanted.layers) {
    const { d, n, count } = found.layers.get(key)!;
    assert.deepEqual([d, n, count], [moments.d, moments.n, moments.count]);
    const difference = differenceOf(moments, found.layers.get(key)!);
    assert.ok(difference <= tolerance, `${key}: ${difference}`);
    const halves = [moments.half!, found.layers.get(key)!.half!] as const;
    assert.equal(halves[0].count, count / 2);
    assert.equal(halves[1].count, count / 2);
    const between = differenceOf(...halves);
    assert.ok(between <= tolerance, `half of ${key}: ${between}`);
  }
}

for (const name of ["preActivation", "mobile"] as const) {
  Deno.test(
    `shards of a ${name} network from any number of workers add up to the whole, to f64 rounding`,
    withNoise(async (data) => {
      const model = await noisyNetwork(name);
      const run = async (number: number, of: number, workers: number, batchSize = 40) =>
        (await calibrate({
          ...SMALL,
          model,
          data,
          workers,
          batchSize,
          batches: 160 / batchSize,
          shard: { number, of },
        })).statistics;
      const whole = await run(1, 1, 1);
      assert.ok(isComplete(whole));
      assertSame(await run(1, 1, 2), whole, 1e-14);
      const parts = [await run(3, 3, 3), await run(1, 3, 2), await run(2, 3, 1, 20)];
      assertSame(mergeStatistics(parts), whole, 1e-14);
    }),
  );
}

Deno.test(
  "statistics that go to a file are those that are given back",
  withNoise(async (data, folder) => {
    const options = { ...SMALL, model: await noisyNetwork("plain"), data };
    const { statistics: { layers, ...head } } = await calibrate(options);
    const path = `${folder}/statistics`;
    const found = await calibrateToFile(path, options);
    assert.deepEqual(found.statistics, head);
    assert.deepEqual(found.layers, [...layers.keys()]);
    assert.deepEqual(await loadStatistics(path), { ...head, layers });
  }),
);

Deno.test(
  "a signal ends the gathering, and what stands at the file stays",
  withNoise(async (data, folder) => {
    const options = { ...SMALL, model: await noisyNetwork("plain"), data };
    const path = `${folder}/statistics`;
    await Deno.writeTextFile(path, "old");
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = calibrateToFile(path, {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(run, reason);
    assert.equal(await Deno.readTextFile(path), "old");
  }),
);

Deno.test(
  "a small memory budget takes more passes for the same sums",
  withNoise(async (data) => {
    const options = { ...SMALL, model: await noisyNetwork("plain"), data };
    let batches = 0;
    const run = (memoryBudget?: number) =>
      calibrate({ ...options, memoryBudget, onProgress: ({ total }) => batches = total });
    const whole = await run();
    const once = batches;
    const tight = await run(1);
    assert.equal(batches, once * whole.statistics.layers.size);
    assert.deepEqual(tight.statistics, whole.statistics);
  }),
);

Deno.test(
  "every convolution and Dense layer is in the statistics, of what is understood",
  withNoise(async (data) => {
    const keysOf = async (name: "inception" | "opaque" | "mobile") => {
      const model = await noisyNetwork(name);
      const { statistics } = await calibrate({ ...SMALL, model, data });
      const network = await openNetwork(model);
      const map = findChannelSpaces(network.graph);
      const places = listReaders(network.graph, map, "couple");
      disposeModel(network.model);
      for (const { key, mode } of places) {
        assert.ok(mode === "whole" || statistics.layers.has(key), key);
      }
      return [...statistics.layers.keys()];
    };
    assert.ok((await keysOf("inception")).includes("excite"));
    assert.ok((await keysOf("mobile")).includes("pointwise"));
    assert.ok(!(await keysOf("opaque")).includes("shared"));
  }),
);

Deno.test(
  "more shards than portions of images are refused",
  withNoise(async (data) => {
    const options = { ...SMALL, model: await noisyNetwork("plain"), data };
    await assert.rejects(
      calibrate({ ...options, shard: { number: 1, of: 5 } }),
      (error: Error) =>
        error instanceof InputError &&
        /cutting 128 calibration images: found 5 shards, wanted at most 4/.test(error.message),
    );
    for (const number of [0, 3, 1.5]) {
      await assert.rejects(calibrate({ ...options, shard: { number, of: 2 } }), RangeError);
    }
  }),
);
