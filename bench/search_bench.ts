/**
 * Roll-outs of `prune --prune-option auto` without their evaluation: the agent decides and learns, the network is read off
 * the statistics and written. The first ten fit most layers anew, later ones find them.
 *
 *     deno task secateur calibrate MODEL --data DATA --out FILE
 *     deno run --allow-read bench/search_bench.ts MODEL FILE [roll-outs]
 *
 * What is rewarded costs no time. One thread.
 *
 * @module
 */
import { loadStatistics } from "../src/execution/calibration/statistics_file.ts";
import { costModel } from "../src/cost/cost_model.ts";
import { findChannelSpaces } from "../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../src/graph/cuts/readers.ts";
import { listCutUnits } from "../src/graph/cuts/cut_units.ts";
import { openNetwork } from "../src/graph/opening/network.ts";
import { writeGraph } from "../src/graph/write_graph.ts";
import { loadKernels } from "../src/kernels/load.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { loadModelFile } from "../src/formats/tfjs/load.ts";
import { allowedCounts } from "../src/pruning/policy/unit_counts.ts";
import { CountNetworks } from "../src/pruning/ratios/count_networks.ts";
import { oneByOne } from "../src/pruning/policy/auto/measurements.ts";
import { searchCounts } from "../src/pruning/policy/auto/search.ts";
import { formatSpread, formatTable, spreadOf } from "./timing.ts";

const ROLLOUTS = 200,
  ROLLOUTS_MIN = 20,
  FIRST = 10,
  SEED = 0,
  RULES = { skip: [], channelMultiple: 1 };

const [model, statistics, rollouts = ROLLOUTS] = Deno.args;
await startBackend();
const file = await loadModelFile(model);
const { graph } = await openNetwork(file);
const map = findChannelSpaces(graph);
const places = listReaders(graph, map, "couple");
const units = listCutUnits(graph, map, places);
const context = { graph, map, kernels: await loadKernels(), select: "obs" } as const;
const { layers } = await loadStatistics(statistics);
const networks = new CountNetworks(context, units, {
  get: (key) => structuredClone(layers.get(key)!),
});
const features = { filters: 1, height: 1, width: 1, stride: 1, macs: 1 };
const space = {
  units: units.map((unit) => ({
    name: unit.name,
    counts: allowedCounts(graph, map, places, unit, RULES),
    features,
  })),
  terms: costModel(graph, map, units).macs,
};

const spent: number[] = [];
let start = performance.now();
const reward = (counts: readonly number[]) =>
  counts.reduce((sum, count, unit) => sum + Math.sqrt(count / units[unit].channels), 0) /
  counts.length;
const options = { share: 0.5, seed: SEED, rollouts: Number(rollouts), rolloutsMin: ROLLOUTS_MIN };
await searchCounts(space, options, {
  evaluateAll: oneByOne((counts) => {
    writeGraph(networks.networkFor(counts), file);
    return Promise.resolve({ error: 1 - reward(counts), loss: 1 - reward(counts) });
  }),
  onRollout: () => {
    spent.push(performance.now() - start);
    start = performance.now();
  },
});
const parts = {
  [`first ${FIRST}`]: spent.slice(0, FIRST),
  "before the agent learns": spent.slice(FIRST, ROLLOUTS_MIN),
  "the agent learns": spent.slice(ROLLOUTS_MIN),
};
console.log(formatTable(
  Object.entries(parts).map(([part, times]) => ({
    "roll-outs": part,
    "ms, min / median / max": formatSpread(spreadOf(times), 1, 0),
  })),
));
