import assert from "node:assert/strict";
import { Stopwatch } from "../../../src/base/stopwatch.ts";
import { listReaders } from "../../../src/graph/cuts/readers.ts";
import { listCutUnits } from "../../../src/graph/cuts/cut_units.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import { heldOutImages, measureNetwork } from "../../../src/pruning/measure_network.ts";
import { CountNetworks, readersOf } from "../../../src/pruning/ratios/count_networks.ts";
import { priceCuts } from "../../../src/pruning/ratios/price_cuts.ts";
import { OriginalMoments } from "../../../src/pruning/statistics/original_moments.ts";
import {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
} from "../../../src/pruning/statistics/statistics_source.ts";
import { openSession } from "../../../src/session/session.ts";
import type { NetworkName } from "../../support/networks.ts";
import { noisyNetwork, withNoise } from "../../support/noise.ts";

await startBackend();

/** Rises of the loss when one unit alone loses one channel: weighed, and measured. */
async function weighAndMeasure(name: NetworkName, data: string, workers: number) {
  const model = await noisyNetwork(name);
  const session = await openSession({ model, data, labels: false, workers }, (file) => file);
  try {
    const settings = { ...CALIBRATION_DEFAULTS, images: 100 };
    const source = createStatisticsSource(session, settings, new Stopwatch());
    const { graph, map } = source;
    const units = listCutUnits(graph, map, listReaders(graph, map, "couple"));
    const context = {
      ...source,
      kernels: await loadKernels(),
      select: "obs",
      ridge: 1e-4,
      onStage: () => {},
    } as const;
    const original = await OriginalMoments.open(source);
    const keys = units.flatMap((unit) => readersOf(context, unit));
    const networks = new CountNetworks(context, units, await original.momentsOf(keys));
    const whole = units.map(({ channels }) => channels);
    const cuts = whole.map((channels, unit) => ({ unit, count: channels - 1 }));
    const weighed = await priceCuts(context, networks, cuts, whole);
    const images = heldOutImages(source, 200);
    const measured: number[] = [];
    for (const { unit, count } of cuts) {
      const network = networks.networkFor(whole.with(unit, count));
      measured.push((await measureNetwork(source, network, images)).loss);
    }
    return { weighed, measured };
  } finally {
    await session.close();
  }
}

for (const name of ["preActivation", "mobile", "regression", "segmentation"] as NetworkName[]) {
  Deno.test(
    `what cuts of the ${name} network cost is weighed about as it is measured`,
    withNoise(async (data) => {
      const { weighed, measured } = await weighAndMeasure(name, data, 1);
      assert.ok(weighed.length > 0);
      const logs: number[] = [];
      weighed.forEach((rise, unit) => {
        // Where next to nothing changes, the bends of ReLU are most of it.
        if (measured[unit] < 1e-4) return;
        const ratio = rise / measured[unit];
        assert.ok(ratio > 0.25 && ratio < 4, `unit ${unit}: ${rise}, ${measured[unit]}`);
        logs.push(Math.log(ratio));
      });
      // A channel of six is no small change, and 24 images with four random directions are few: on the whole it agrees.
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
      assert.ok(Math.abs(mean) < Math.log(2), `${Math.exp(mean)} of what is measured`);
    }),
  );
}

Deno.test(
  "cuts in front of a layer without a derivative are measured",
  withNoise(async (data) => {
    const { weighed } = await weighAndMeasure("opaque", data, 1);
    assert.ok(weighed.length > 0 && weighed.every((rise) => rise > 0));
  }),
);

Deno.test(
  "the number of workers does not change what a cut costs",
  withNoise(async (data) => {
    const [one, two] = [
      await weighAndMeasure("preActivation", data, 1),
      await weighAndMeasure("preActivation", data, 2),
    ];
    one.weighed.forEach((rise, unit) => assert.ok(Math.abs(two.weighed[unit] / rise - 1) < 1e-3));
  }),
);
