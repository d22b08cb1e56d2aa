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
import { startBackend } from "../src/kernels/backend.ts";
import { loadModelFile } from "../src/formats/tfjs/load.ts";
import type { RepairExtent } from "../src/pruning/prune_options.ts";
import type { RatioPolicy } from "../src/pruning/types.ts";
import { prune } from "../src/api/prune.ts";
import { formatTable, spreadOf } from "./timing.ts";
import { listUniformRatios, nearestRatio } from "./uniform_ratio.ts";

const SHARES = "0.5,0.3", SEEDS = "0,1,2", POLICIES = "uniform,budget,auto";

const [modelPath, data, shares = SHARES, seeds = SEEDS, repair = "layers", policies = POLICIES] =
  Deno.args;
const numbers = (list: string) => list.split(",").map(Number);
await startBackend();
const file = await loadModelFile(modelPath);

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

const uniform = await listUniformRatios(file);
const folder = await Deno.makeTempDir();
const rows = [];
for (const share of numbers(shares)) {
  const known: RatioPolicy[] = [
    { kind: "uniform", ratio: nearestRatio(uniform, share).ratio },
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
