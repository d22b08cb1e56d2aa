/**
 * Prunes networks of real size and states time, peak memory and what came out.
 *
 *     deno run --allow-all bench/size_bench.ts IMAGES FOLDER [NAME …]
 *
 * IMAGES is a folder of 32×32 images in folders of their classes (the train split of CIFAR-10). Networks and images are
 * made in FOLDER unless they are there; NAME is one of bench/real_networks, by default all. Every run is a process of its
 * own with two workers, or as many as SIZE_BENCH_WORKERS says. Linux alone tells the peaks.
 *
 * @module
 */
import { join } from "node:path";
import { statFile } from "../src/base/mod.ts";
import { buildRealNetwork } from "./real_networks/build.ts";
import { REAL_NETWORKS } from "./real_networks/networks.ts";
import { formatTable } from "./timing.ts";
import { runSecateur } from "./watched_child.ts";

/** Images of every run, and what it counts. */
const RUNS: Readonly<Record<string, { images: number; target: string }>> = {
  resnet50: { images: 256, target: "macs" },
  "mobilenet-v2": { images: 256, target: "macs" },
  vgg16: { images: 128, target: "params" },
  unet: { images: 64, target: "macs" },
  yolo: { images: 64, target: "macs" },
};

const [source, folder, ...chosen] = Deno.args;
const workers = Deno.env.get("SIZE_BENCH_WORKERS") ?? "2";
const rows = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(RUNS)) {
  const { images: count, target } = RUNS[name];
  const place = join(folder, name);
  const { size, file } = REAL_NETWORKS[name];
  const [model, images] = [join(place, file), join(place, `images-${size}`)];
  if (await statFile(model) === undefined) await buildRealNetwork(name, source, place, count);
  const out = await Deno.makeTempDir();
  const { success, stdout, stderr, peak, seconds } = await runSecateur([
    "prune",
    model,
    "--data",
    images,
    "--out",
    join(out, file),
    "--prune-option",
    "budget",
    "--budget",
    "0.5",
    "--target",
    target,
    "--repair",
    "layers",
    "--workers",
    workers,
    "--json",
  ]);
  await Deno.remove(out, { recursive: true });
  if (!success) {
    console.error(`${name} failed after ${seconds.toFixed(0)} s at ${peak} MiB: ${stderr}`);
    continue;
  }
  const { macs, params, outputError, maskedDifference } = JSON.parse(stdout);
  rows.push({
    network: name,
    images: String(count),
    target,
    "time (s)": seconds.toFixed(0),
    "peak (MiB)": String(peak),
    "MACs kept": (macs.convAfter / macs.convBefore).toFixed(4),
    "parameters kept": (params.after / params.before).toFixed(4),
    "output error": outputError?.after.toFixed(4) ?? "",
    "masked − shrunk": maskedDifference.toExponential(1),
  });
  console.error(Object.values(rows.at(-1)!).join("  "));
}
console.log(formatTable(rows));
