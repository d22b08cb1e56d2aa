/**
 * States how much of networks with concatenations can be cut, and what a budget costs them.
 *
 *     deno run --allow-all bench/what_is_cut_bench.ts IMAGES FOLDER [NAME …]
 *
 * IMAGES is a folder of 32×32 images in folders of their classes (the train split of CIFAR-10). Networks and images are made
 * in FOLDER unless they are there; NAME is one of bench/real_networks/dense_networks.ts, by default all, or yolo at 160×160.
 * Weights are random, so that what is lost is stated as the relative error of the outputs. With COUNTS_ALONE in the
 * environment nothing is pruned.
 *
 * @module
 */
import { join } from "node:path";
import { inspect } from "../src/api/inspect.ts";
import { statFile } from "../src/base/mod.ts";
import { openModel } from "../src/formats/mod.ts";
import { buildRealNetwork } from "./real_networks/build.ts";
import { DENSE_NETWORKS } from "./real_networks/dense_networks.ts";
import { REAL_NETWORKS } from "./real_networks/networks.ts";
import { formatTable } from "./timing.ts";
import { runSecateur } from "./watched_child.ts";

const NETWORKS = {
  ...DENSE_NETWORKS,
  yolo: { ...REAL_NETWORKS.yolo, size: 160, file: "yolo" },
};

/** Images, and those of them that are not held out. */
const IMAGES = 256, CALIBRATION = 192;

const SHARES = [0.7, 0.5];

const [source, folder, ...chosen] = Deno.args;
const rows = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(NETWORKS)) {
  const { size, file } = NETWORKS[name as keyof typeof NETWORKS];
  const place = join(folder, name);
  const [model, images] = [join(place, file), join(place, `images-${size}`)];
  if (await statFile(join(model, "model.json")) === undefined) {
    await buildRealNetwork(name, source, place, IMAGES, NETWORKS);
  }
  const { layers } = await inspect({ model: await openModel(model), shared: "couple" });
  const convolutions = layers.filter(({ place }) => place !== undefined);
  const cut = convolutions.filter(({ mode }) => mode !== "whole");
  console.error(`${name}: ${cut.length} of ${convolutions.length} convolutions with a decision`);
  if (Deno.env.has("COUNTS_ALONE")) continue;
  for (const share of SHARES) {
    const out = await Deno.makeTempDir();
    const { success, stdout, stderr, seconds } = await runSecateur([
      ...["prune", model, "--data", images, "--out", join(out, "pruned"), "--json"],
      ...["--prune-option", "budget", "--budget", String(share), "--workers", "1"],
      ...["--repair", "layers", "--batch-size", "32", "--nb-batches", String(CALIBRATION / 32)],
      ...["--nb-points-per-layer", "20", "--seed", "0"],
    ]);
    await Deno.remove(out, { recursive: true });
    const report = success ? JSON.parse(stdout) : undefined;
    rows.push({
      network: name,
      convolutions: String(convolutions.length),
      "with a decision": String(cut.length),
      budget: String(share),
      "output error": report?.outputError.after.toFixed(4) ??
        (stderr.match(/found ([\d.]+) as the least share/)?.[1]
          ? `not reached: ${stderr.match(/found ([\d.]+) as the least share/)![1]} at least`
          : stderr.trim()),
      "masked − shrunk": report?.maskedDifference.toExponential(1) ?? "",
      "select (s)": report?.seconds?.select?.toFixed(1) ?? "",
      "time (s)": seconds.toFixed(0),
    });
    console.error(Object.values(rows.at(-1)!).join("  "));
  }
}
if (rows.length > 0) console.log(formatTable(rows));
