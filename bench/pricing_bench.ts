/**
 * What cuts of one decision raise the loss by: weighed in one pass forward and backward, against measured.
 *
 *     deno run --allow-all bench/pricing_bench.ts MODEL DATA
 *
 * Every decision of the coupled network is cut alone, to a relative error near 0.15 a reader. Measured: the loss on 1,000
 * held-out training images, less that of the whole network. One thread, seed 0.
 *
 * @module
 */
import { Stopwatch } from "../src/base/mod.ts";
import { listCutUnits, listReaders } from "../src/graph/mod.ts";
import { loadKernels } from "../src/kernels/mod.ts";
import { heldOutImages, measureNetwork } from "../src/pruning/measure_network.ts";
import { allowedCounts, probedOptions } from "../src/pruning/policy/mod.ts";
import { readUnitErrors } from "../src/pruning/ratios/set_up_budget.ts";
import { OriginalMoments } from "../src/pruning/statistics/original_moments.ts";
import {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
} from "../src/pruning/statistics/statistics_source.ts";
import { openSession } from "../src/session/mod.ts";
import { formatTable } from "./timing.ts";

const MEASURED_IMAGES = 1000;
const SAMPLES = [[50, 1], [50, 4], [100, 1], [200, 1], [200, 2], [400, 1], [1000, 1]];
const RULES = { skip: [], channelMultiple: 1 };

const [model, data] = Deno.args;
const session = await openSession({ model, data, workers: 1 }, (file) => file);
const source = createStatisticsSource(
  session,
  { ...CALIBRATION_DEFAULTS, images: 7680 },
  new Stopwatch(),
);
const { graph, map } = source;
const context = {
  ...source,
  select: "obs",
  ridge: undefined,
  kernels: await loadKernels(),
  original: await OriginalMoments.open(source),
  onStage: () => {},
} as unknown as Parameters<typeof readUnitErrors>[0];
const places = listReaders(graph, map, "couple");
const units = listCutUnits(graph, map, places);
const counts = units.map((unit) => allowedCounts(graph, map, places, unit, RULES));
const { unpriced, networks } = await readUnitErrors(context, units, counts);
const whole = unpriced.map((unit) => unit.counts[unit.counts.length - 1]);
const cuts = probedOptions(unpriced).flatMap((option, unit) =>
  option === undefined ? [] : [{ unit, count: unpriced[unit].counts[option] }]
);
const changes = cuts.map(({ unit, count }) => networks.changeFor(unit, count));

const images = heldOutImages(source, MEASURED_IMAGES);
const lossOf = async (kept: readonly number[]) =>
  (await measureNetwork(source, networks.networkFor(kept), images)).loss;
let start = performance.now();
const lossWhole = await lossOf(whole);
const measured: number[] = [];
for (const { unit, count } of cuts) {
  measured.push(await lossOf(whole.with(unit, count)) - lossWhole);
}
console.log(`measured in ${((performance.now() - start) / 1000).toFixed(1)} s`);

const rows = [];
for (const [count, probes] of SAMPLES) {
  start = performance.now();
  const rises = await session.pool.weighChanges(
    session.file,
    { changes, probes, seed: 0 },
    heldOutImages(source, count),
  );
  const seconds = (performance.now() - start) / 1000;
  const logs = rises.flatMap((rise, cut) =>
    rise !== undefined && measured[cut] > 0 ? [Math.log(rise / measured[cut])] : []
  );
  const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
  const square = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / logs.length;
  rows.push({
    images: String(count),
    "directions each": String(probes),
    ratio: Math.exp(mean).toFixed(2),
    spread: Math.sqrt(square).toFixed(2),
    seconds: seconds.toFixed(1),
  });
}
console.log(formatTable(rows));
await session.close();
