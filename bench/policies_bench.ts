/**
 * Where ratios come from: `auto` and `budget` against uniform ratios of the same multiply-accumulates, without tuning.
 *
 *     deno run --allow-read --allow-write bench/policies_bench.ts MODEL DATA [share,…] [seed,…] [layers|network]
 *     [policy,…]
 *
 * Channels that several layers read are coupled for all three. A uniform ratio is the one whose MACs come nearest to the
 * budget. Accuracies are those of the test split; what is chosen is chosen on training images alone. Statistics of a
 * seed are gathered once and read by all its runs.
 *
 * @module
 */
import { join } from "node:path";
import { costModel } from "../src/cost/cost_model.ts";
import { sumTerms } from "../src/cost/cost_term.ts";
import { findChannelSpaces } from "../src/graph/channels/channel_spaces.ts";
import { listReaders } from "../src/graph/cuts/readers.ts";
import { listCutUnits } from "../src/graph/cuts/cut_units.ts";
import { openNetwork } from "../src/graph/opening/network.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { disposeModel } from "../src/model/instantiate.ts";
import { loadModelFile } from "../src/formats/tfjs/load.ts";
import { planLayers } from "../src/pruning/policy/plan.ts";
import { uniformRatios } from "../src/pruning/policy/ratios.ts";
import type { RepairExtent } from "../src/pruning/prune_options.ts";
import type { RatioPolicy } from "../src/pruning/types.ts";
import { prune } from "../src/api/prune.ts";
import { formatTable, spreadOf } from "./timing.ts";

const SHARES = "0.5,0.3", SEEDS = "0,1,2", POLICIES = "uniform,budget,auto", STEP = 0.005;

const [modelPath, data, shares = SHARES, seeds = SEEDS, repair = "layers", policies = POLICIES] =
  Deno.args;
const numbers = (list: string) => list.split(",").map(Number);
await startBackend();
const file = await loadModelFile(modelPath);

/** Uniform ratios with the share of the MACs that each keeps. */
async function listUniform(): Promise<{ ratio: number; share: number }[]> {
  const { graph, model } = await openNetwork(file);
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const places = listReaders(graph, map, "couple");
  const units = listCutUnits(graph, map, places);
  const { macs } = costModel(graph, map, units);
  const costOf = (ratio: number) => {
    const rules = { skip: [], channelMultiple: 1 };
    const plans = planLayers(graph, map, places, uniformRatios(ratio, places), rules);
    const kept = new Map(plans.map(({ node, keep }) => [node.key, keep]));
    return sumTerms(macs, units.map(({ readers: [first] }) => kept.get(first)!));
  };
  return Array.from({ length: 1 / STEP }, (_, index) => {
    const ratio = (index + 1) * STEP;
    return { ratio, share: costOf(ratio) / costOf(1) };
  });
}

/** One run, as a row. */
async function run(policy: RatioPolicy, seed: number, statistics: string) {
  const { report } = await prune({
    model: file,
    data,
    policy,
    seed,
    statistics,
    shared: "couple",
    repair: repair as RepairExtent,
    onProgress: () => {},
  });
  const { accuracy, heldOut, macs, search, seconds } = report;
  const row = {
    policy: policy.kind,
    seed,
    kept: macs.after / macs.before,
    accuracy: accuracy!.after,
    heldOut: heldOut!.accuracy!,
    seconds: seconds.total,
    searchSeconds: search ? seconds.search : 0,
  };
  console.error(JSON.stringify({ ...row, finalists: search?.finalists, winner: search?.winner }));
  return row;
}

function formatShares(shares: number[]): string {
  const mean = shares.reduce((sum, each) => sum + each, 0) / shares.length;
  const { min, max } = spreadOf(shares);
  const [middle, least, most] = [mean, min, max].map((share) => (100 * share).toFixed(2));
  return `${middle} (${least} to ${most})`;
}

const uniform = await listUniform();
const folder = await Deno.makeTempDir();
const rows = [];
for (const share of numbers(shares)) {
  const nearest = uniform.reduce((best, each) =>
    Math.abs(each.share - share) < Math.abs(best.share - share) ? each : best
  );
  const known: RatioPolicy[] = [
    { kind: "uniform", ratio: nearest.ratio },
    { kind: "budget", share },
    { kind: "auto", share },
  ];
  for (const policy of known.filter(({ kind }) => policies.split(",").includes(kind))) {
    const runs = [];
    for (const seed of numbers(seeds)) {
      runs.push(await run(policy, seed, join(folder, `${seed}.safetensors`)));
    }
    rows.push({
      share: String(share),
      policy: policy.kind === "uniform" ? `uniform ${policy.ratio.toFixed(3)}` : policy.kind,
      "conv MACs": `${(100 * Math.max(...runs.map(({ kept }) => kept))).toFixed(2)} %`,
      "accuracy, mean (min to max)": formatShares(runs.map(({ accuracy }) => accuracy)),
      "held out": formatShares(runs.map(({ heldOut }) => heldOut)),
      "seconds, median": spreadOf(runs.map(({ seconds }) => seconds)).median.toFixed(0),
      "of the search": spreadOf(runs.map((each) => each.searchSeconds)).median.toFixed(0),
    });
  }
}
await Deno.remove(folder, { recursive: true });
console.log(formatTable(rows));
