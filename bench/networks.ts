/**
 * Trains networks of several kinds by the project's own commands, and prunes each by every policy.
 *
 *     deno run --allow-all bench/networks.ts DATA FOLDER [OPTION …]
 *
 *     --networks vgg-dense,mobilenet-v2,resnet56,inception-se   or others that `train` makes
 *     --shares 0.5,0.3            of the multiply-accumulates
 *     --policies uniform,budget   or auto
 *     --repairs layers,network    how far a smaller network is repaired
 *     --epochs N                  of the training; by default as many as fit two cores for an hour with the prunes
 *     --images N                  train and prune with so many training images, and a fifth of that to test; by default all
 *     --repair-steps N            of the repair of the whole network
 *     --seed N                    of the training and of the pruning; by default 0
 *
 * DATA is CIFAR-10 as folders of JPEG files, or Fashion-MNIST; `--images` needs folders. Everything is kept in FOLDER:
 * what is trained and pruned there by the same settings is not done again, so a run that was interrupted goes on. A
 * uniform ratio is the one whose multiply-accumulates come nearest to the budget; channels that several layers read are
 * coupled. Accuracies are those of the test split.
 *
 * @module
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { checkpointFolder } from "../cli/options/tuning_options.ts";
import { differences, parseJson, statFile, writeWholeFile } from "../src/base/mod.ts";
import { describeDataset } from "../src/data/mod.ts";
import { openModel } from "../src/formats/mod.ts";
import { startBackend } from "../src/kernels/mod.ts";
import { hasState } from "../src/tuning/mod.ts";
import { type Circumstances, describeCircumstances } from "./circumstances.ts";
import { buildSmallNetwork, smallNetworkNames } from "./small_networks.ts";
import { takeImages } from "./take_images.ts";
import { formatTable } from "./timing.ts";
import { listUniformRatios, nearestRatio } from "./uniform_ratio.ts";
import { runSecateur } from "./watched_child.ts";

/** Passes over 50,000 images that fit two cores for an hour with eight prunes, by the pace of bench/results/training.md. */
const EPOCHS: Readonly<Record<string, number>> = {
  "vgg-dense": 20,
  "mobilenet-v2": 6,
  resnet56: 6,
  "inception-se": 20,
};
const OTHER_EPOCHS = 10;

/** What does not depend on the network. */
interface Settings {
  readonly data: string;
  readonly images: string;
  readonly seed: string;
  readonly epochs: string;
  readonly repairSteps: string;
}

/** A network that was pruned. */
interface Row {
  readonly network: string;
  readonly share: string;
  readonly policy: string;
  readonly repair: string;
  readonly macs: number;
  readonly before: number;
  readonly after: number;
  readonly seconds: number;
}

const { values, positionals: [source, folder] } = parseArgs({
  allowPositionals: true,
  options: {
    networks: { type: "string", default: Object.keys(EPOCHS).join() },
    shares: { type: "string", default: "0.5,0.3" },
    policies: { type: "string", default: "uniform,budget" },
    repairs: { type: "string", default: "layers,network" },
    epochs: { type: "string" },
    images: { type: "string" },
    "repair-steps": { type: "string" },
    seed: { type: "string", default: "0" },
  },
});
const { seed } = values;
const settings: Settings = {
  data: basename(source),
  images: values.images ?? "all",
  seed,
  epochs: values.epochs ?? "as many as fit an hour",
  repairSteps: values["repair-steps"] ?? "as many as prune takes",
};
const kept = join(folder, "rows.json");
const known = await readRows();
const rows: Row[] = [...known.rows];
const data = values.images === undefined
  ? source
  : await takeImages(source, join(folder, "images"), Number(values.images));

await startBackend();
for (const network of values.networks.split(",")) {
  const model = await train(network);
  const ratios = await listUniformRatios(await openModel(model));
  for (const share of values.shares.split(",")) {
    const { ratio } = nearestRatio(ratios, Number(share));
    const options: Readonly<Record<string, readonly string[]>> = {
      uniform: ["--uniform-preserve-ratio", ratio.toFixed(3)],
      budget: ["--budget", share],
      auto: ["--budget", share],
    };
    for (const policy of values.policies.split(",")) {
      for (const repair of values.repairs.split(",")) {
        const question = { network, share, policy, repair };
        if (rows.some((row) => differences(pick(row), question).length === 0)) continue;
        rows.push({ ...question, ...await prune(question, model, options[policy]) });
        await writeWholeFile(kept, JSON.stringify({ ...known, rows }));
        console.error(formatRows(rows.slice(-1)));
      }
    }
  }
}
const { commit, date, machine } = known.circumstances;
console.log(
  `${date}, commit ${commit}, ${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore} before. ` +
    Object.entries(settings).map(([name, value]) => `${name}: ${value}`).join("; ") +
    `\n\n${formatRows(rows)}`,
);

/** Rows of an earlier run by the same settings, and what that was measured on. */
async function readRows(): Promise<
  { readonly settings: Settings; readonly circumstances: Circumstances; readonly rows: Row[] }
> {
  if (await statFile(kept) === undefined) {
    await Deno.mkdir(folder, { recursive: true });
    return { settings, circumstances: await describeCircumstances(), rows: [] };
  }
  const found = parseJson(await Deno.readTextFile(kept)) as Awaited<ReturnType<typeof readRows>>;
  const different = differences(found.settings, settings);
  if (different.length === 0) return found;
  throw new Error(`${folder}: found rows with ${different.join("; ")}; give another folder`);
}

/** Runs a command and gives what it prints. */
async function run(args: readonly string[]) {
  const { success, stdout, stderr, seconds } = await runSecateur([
    ...args,
    "--seed",
    seed,
    "--json",
  ]);
  if (!success) throw new Error(`${args.join(" ")} failed: ${stderr}`);
  return { ...JSON.parse(stdout), seconds };
}

/** Trains a network, unless that is done, and gives its folder. */
async function train(network: string): Promise<string> {
  const out = join(folder, network);
  if (await statFile(join(out, "model.json"))) return out;
  const epochs = values.epochs ?? String(EPOCHS[network] ?? OTHER_EPOCHS);
  const isBegun = await hasState(checkpointFolder(out));
  const training = ["--data", data, "--out", out, "--epochs", epochs];
  if (isBegun) training.push("--resume");
  if (smallNetworkNames.includes(network)) {
    const untrained = join(folder, `${network}-untrained`);
    if (!isBegun) await buildSmallNetwork(network, untrained, await describeImages());
    const schedule = ["--learning-rate", "0.1", "--schedule", "one-cycle"];
    await run(["finetune", untrained, ...training, ...schedule]);
  } else await run(["train", "--net", network, ...training]);
  return out;
}

async function describeImages() {
  const { shape: { height, width, channels }, classes } = await describeDataset(data);
  if (height !== width) throw new Error(`found images of ${height}×${width}, wanted square ones`);
  return { size: height, channels, classes: classes.length };
}

async function prune(
  { network, policy, repair }: Pick<Row, "network" | "policy" | "repair">,
  model: string,
  options: readonly string[],
): Promise<Pick<Row, "macs" | "before" | "after" | "seconds">> {
  const out = await Deno.makeTempDir();
  try {
    const { macs, accuracy, seconds } = await run([
      ...["prune", model, "--data", data, "--out", out, "--force", "--shared", "couple"],
      ...["--statistics", join(folder, `${network}.safetensors`), "--no-latency"],
      ...["--prune-option", policy, ...options, "--repair", repair],
      ...(values["repair-steps"] ? ["--repair-steps", values["repair-steps"]] : []),
    ]);
    return { macs: macs.after / macs.before, ...accuracy, seconds };
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

function pick({ network, share, policy, repair }: Row) {
  return { network, share, policy, repair };
}

function formatRows(shown: readonly Row[]): string {
  return formatTable(
    shown.map(({ network, share, policy, repair, macs, before, after, seconds }) => ({
      network,
      share,
      policy,
      repair,
      MACs: `${(100 * macs).toFixed(1)} %`,
      before: `${(100 * before).toFixed(2)} %`,
      after: `${(100 * after).toFixed(2)} %`,
      seconds: seconds.toFixed(0),
    })),
  );
}
