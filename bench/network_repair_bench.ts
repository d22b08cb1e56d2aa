/**
 * Settings of the repair of the whole network, tried on one cut: how far each brings it, on training images that neither
 * the cut nor the repair has seen.
 *
 *     deno run --allow-all bench/network_repair_bench.ts MODEL DATA CUT SEED SETTINGS...
 *
 * CUT is a network that `prune --repair layers` has made of MODEL. SETTINGS are JSON after a name, as the library's
 * `networkRepair` takes them: `half={"steps":300,"batchSize":64}`. Seconds are of the repair alone.
 *
 * @module
 */
import { Stopwatch } from "../src/base/mod.ts";
import { openNetwork } from "../src/graph/mod.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { disposeModel } from "../src/model/mod.ts";
import { heldOutImages, measureNetwork } from "../src/pruning/measure_network.ts";
import { PRUNE_DEFAULTS } from "../src/pruning/mod.ts";
import { repairNetwork } from "../src/pruning/repair/repair_network.ts";
import { createStatisticsSource } from "../src/pruning/statistics/statistics_source.ts";
import { wantedImages } from "../src/pruning/statistics/sample_size.ts";
import { openSession, resolveModel } from "../src/session/mod.ts";
import { formatTable } from "./timing.ts";

/** Images that judge. They are taken in steps of a prime, which spreads them over the data set. */
const JUDGING = 10_000, STRIDE = 7919;
/** Images that a repair chooses by: more than it takes. */
const CHOOSING = 12_000;

const [model, data, cut, seed, ...variants] = Deno.args;
await startBackend();
const settings = {
  ...PRUNE_DEFAULTS,
  model,
  data,
  seed: Number(seed),
  repair: "layers",
  workers: 2,
} as const;
const session = await openSession(settings, () => undefined);
const images = wantedImages(session.graph, settings);
const source = createStatisticsSource(session, { ...settings, images }, new Stopwatch());
const { graph, model: opened } = await openNetwork(await resolveModel(cut));
disposeModel(opened);

const { length } = session.pool.local.dataset.train;
const chosenBy = heldOutImages(source, CHOOSING);
const seen = new Set([...source.calibration.indices, ...chosenBy.indices]);
const judging = {
  ...chosenBy,
  indices: Int32Array.from({ length }, (_, at) => at * STRIDE % length)
    .filter((image) => !seen.has(image)).slice(0, JUDGING),
};

const rows: Record<string, string>[] = [];
for (const variant of ["as cut", ...variants]) {
  const [name, json] = variant.split("=");
  const began = performance.now();
  const repaired = json === undefined
    ? { graph, report: { steps: 0 } }
    : await repairNetwork(session, source, graph, { ...JSON.parse(json), seed: settings.seed });
  const seconds = (performance.now() - began) / 1e3;
  const { accuracy, loss } = await measureNetwork(source, repaired.graph, judging);
  rows.push({
    settings: name,
    steps: String(repaired.report.steps),
    accuracy: `${(100 * accuracy!).toFixed(2)} %`,
    loss: loss.toFixed(4),
    seconds: seconds.toFixed(0),
  });
  console.error(JSON.stringify(rows.at(-1)));
}
console.log(`${judging.indices.length} images, seed ${seed}\n`);
console.log(formatTable(rows));
Deno.exit(0);
