/**
 * Networks pruned to a latency, measured on stock TensorFlow.js against the original.
 *
 *     deno run --allow-read --allow-write --allow-sys=loadavg bench/latency_bench.ts MODEL DATA [share] [rounds]
 *
 * The budget counts layers that were timed one by one; what is printed is the whole network, original and pruned in turns
 * on a thread without our kernels. Ratios are those of the medians. Beside it stands the network of the same share of
 * multiply-accumulates.
 *
 * @module
 */
import { measureLatencyOn } from "../src/cost/on_runtime.ts";
import { loadModelFile } from "../src/formats/tfjs/load.ts";
import { prune } from "../src/api/prune.ts";
import type { PruneResult } from "../src/pruning/prune_report.ts";
import { formatTable } from "./timing.ts";

const SHARE = 0.6, ROUNDS = 40, BATCH = 32;

const [path, data, share = SHARE, rounds = ROUNDS] = Deno.args;
const original = await loadModelFile(path);
const targets = ["latency", "macs"] as const;
const pruned: PruneResult[] = [];
for (const target of targets) {
  const policy = { kind: "budget", share: Number(share), target } as const;
  pruned.push(await prune({ model: original, data, policy, repair: "layers" }));
}
const load = Deno.loadavg()[0];
const models = [original, ...pruned.map(({ file }) => file)];
const timings = await measureLatencyOn("tfjs-wasm", models, {
  batchSize: BATCH,
  rounds: Number(rounds),
});
const rows = timings.map(({ minimum, median, maximum }, index) => {
  const report = index === 0 ? undefined : pruned[index - 1].report;
  return {
    network: index === 0 ? "original" : `${share} of the ${targets[index - 1]}`,
    "ms, min / median / max": [minimum, median, maximum].map((ms) => ms.toFixed(1)).join(" / "),
    "of the original": (median / timings[0].median).toFixed(3),
    estimated: report ? report.budget!.share.found.toFixed(3) : "",
    "conv MACs": report ? (report.macs.convAfter / report.macs.convBefore).toFixed(3) : "1",
    accuracy: (report ? report.accuracy!.after : pruned[0].report.accuracy!.before).toFixed(4),
  };
});
console.log(`batches of ${BATCH}, ${rounds} rounds in turns, load average ${load.toFixed(1)}\n`);
console.log(formatTable(rows));
