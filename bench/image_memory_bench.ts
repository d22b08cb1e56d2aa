/**
 * Peak resident memory of every command, and of the page, on networks of large images.
 *
 *     deno run --allow-all bench/image_memory_bench.ts IMAGES FOLDER [NETWORK [COMMAND …]]
 *
 * IMAGES is a folder of 32×32 images in folders of their classes (the train split of CIFAR-10). Networks with random
 * weights and images are made in FOLDER unless they are there. NETWORK is `convolutions` (four of them, 512×512) or `unet`
 * (640×640), by default both; COMMAND is one of those below, by default all. `finetune`, `fold`, `eval` and `bench` work
 * on what `prune uniform` leaves in FOLDER. Every command is a process of its own, all workers included; `page` opens
 * dist/page/index.html in Chromium and prunes by its defaults. Linux alone tells the peaks.
 *
 * @module
 */
import { join } from "node:path";
import { statFile } from "../src/base/mod.ts";
import { LayOut } from "./real_networks/blocks.ts";
import { buildRealNetwork } from "./real_networks/build.ts";
import { layOutUNet, type RealNetwork } from "./real_networks/networks.ts";
import { formatTable } from "./timing.ts";
import { prunePage } from "./page_run.ts";
import { runSecateur, type WatchedChild } from "./watched_child.ts";

/** Most that a command may take, in MiB. */
const LIMIT = 3072;

/** Images of a run: they are looked at in batches, so more take more time and no more memory. */
const IMAGES = 8;

const NETWORKS: Readonly<Record<string, RealNetwork & { readonly convolutions: number }>> = {
  convolutions: {
    size: 512,
    file: "model",
    convolutions: 4,
    layOut(image) {
      const net = new LayOut();
      let x = image;
      for (const width of [16, 32, 32]) x = net.block(x, width, { activation: "relu" });
      return net.convolution(x, 4, 1);
    },
  },
  unet: { size: 640, file: "model", convolutions: 23, layOut: (image) => layOutUNet(image, 16) },
};

interface Places {
  readonly model: string;
  readonly images: string;
  readonly pruned: string;
  readonly out: string;
  readonly list: string;
}

const RUN = ["--workers", "2", "--nb-batches", "6", "--batch-size", "1", "--no-latency"];

type MakeArguments = (places: Places) => string[];

const prune = (...options: string[]): MakeArguments => ({ model, images, out }) => [
  ...["prune", model, "--data", images, "--out", out, ...RUN, ...options],
];

const COMMANDS: Readonly<Record<string, MakeArguments>> = {
  "prune uniform": (places) =>
    prune("--prune-option", "uniform", "--uniform-preserve-ratio", "0.5")({
      ...places,
      out: places.pruned,
    }),
  "prune list": (places) =>
    prune("--prune-option", "list", "--prune-list-file", places.list)(places),
  "prune budget": prune("--prune-option", "budget", "--budget", "0.5"),
  "prune auto": prune(
    ...["--prune-option", "auto", "--preserve-ratio", "0.5", "--nb-rlouts", "4"],
    ...["--nb-rlouts-min", "2", "--finalists", "1", "--search-images", "4"],
  ),
  finetune: ({ model, images, pruned, out }) => [
    ...["finetune", pruned, "--data", images, "--out", out, "--teacher", model, "--no-labels"],
    ...["--epochs", "1", "--batch-size", "2", "--validation-images", "2", "--workers", "2"],
    "--no-latency",
  ],
  fold: ({ pruned, out }) => ["fold", pruned, out],
  eval: ({ model, images, pruned }) => [
    ...["eval", pruned, "--data", images, "--reference", model, "--workers", "2"],
  ],
  bench: ({ model, pruned }) => ["bench", model, pruned, "--rounds", "3"],
};

/** Where `deno task page` puts the page. */
const PAGE = "dist/page/index.html";

async function run(command: string, places: Places): Promise<WatchedChild> {
  if (command === "page") return await prunePage(PAGE, places.model, places.images);
  const written = command === "prune uniform" ? places.pruned : places.out;
  await Deno.remove(written, { recursive: true }).catch(() => {});
  return await runSecateur(COMMANDS[command](places));
}

async function prepare(name: string, source: string, folder: string): Promise<Places> {
  const { size, file, convolutions } = NETWORKS[name];
  const place = join(folder, name);
  const places = {
    model: join(place, file),
    images: join(place, `images-${size}`),
    pruned: join(place, "pruned"),
    out: join(place, "out"),
    list: join(place, "ratio.list"),
  };
  if (await statFile(places.model) === undefined) {
    await buildRealNetwork(name, source, place, IMAGES, NETWORKS);
  }
  await Deno.writeTextFile(places.list, Array(convolutions).fill("0.5").join(","));
  return places;
}

const [source, folder, network, ...chosen] = Deno.args;
const rows = [];
for (const name of network === undefined ? Object.keys(NETWORKS) : [network]) {
  const places = await prepare(name, source, folder);
  for (const command of chosen.length > 0 ? chosen : [...Object.keys(COMMANDS), "page"]) {
    const { success, stderr, peak, seconds } = await run(command, places);
    if (!success) console.error(`${name}, ${command}: ${stderr.trim().split("\n").at(-1)}`);
    rows.push({
      network: name,
      command,
      "peak (MiB)": String(peak),
      "time (s)": seconds.toFixed(0),
      outcome: !success ? "failed" : peak > LIMIT ? `over ${LIMIT} MiB` : "ended",
    });
    console.error(Object.values(rows.at(-1)!).join("  "));
  }
}
console.log(formatTable(rows));
