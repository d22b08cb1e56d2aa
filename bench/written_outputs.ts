import { basename, dirname, join } from "node:path";
import { saveModelFile } from "../src/formats/tfjs/save.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { noisyNetwork, withNoise } from "../test/support/noise.ts";

const SAMPLES = ["--nb-batches", "4", "--batch-size", "25", "--seed", "2", "--workers", "1"];
const PRUNE = [...SAMPLES, "--no-latency"];
const SEARCH = [
  ...["--nb-rlouts", "8", "--nb-rlouts-min", "4"],
  ...["--search-images", "40", "--finalists", "2"],
];
const TUNE = [
  ...["--epochs", "2", "--validation-images", "20", "--seed", "2", "--workers", "1"],
  "--no-latency",
];

/** The beginning of the arguments that prune by a policy. */
const pruneBy = (model: string, data: string, policy: string) => [
  ...["prune", model, "--data", data, "--prune-option", policy],
];

/** Commands, without where they write. */
const COMMANDS: ReadonlyMap<
  string,
  (model: string, data: string, list: string) => string[]
> = new Map([
  [
    "prune uniform",
    (model, data) => [
      ...pruneBy(model, data, "uniform"),
      ...["--uniform-preserve-ratio", "0.5", ...PRUNE],
    ],
  ],
  [
    "prune list",
    (model, data, list) => [
      ...pruneBy(model, data, "list"),
      ...["--prune-list-file", list, ...PRUNE],
    ],
  ],
  [
    "prune budget",
    (
      model,
      data,
    ) => [...pruneBy(model, data, "budget"), "--effort", "quick", "--budget", "0.6", ...PRUNE],
  ],
  [
    "prune budget, tuned",
    (model, data) => [
      ...pruneBy(model, data, "budget"),
      ...["--effort", "quick", "--budget", "0.6", "--epochs", "2"],
      ...["--validation-images", "20", ...PRUNE],
    ],
  ],
  [
    "prune auto",
    (model, data) => [
      ...pruneBy(model, data, "auto"),
      ...["--preserve-ratio", "0.6", ...SEARCH, ...PRUNE],
    ],
  ],
  ["finetune", (model, data) => ["finetune", model, "--data", data, ...TUNE]],
  ["train", (_, data) => ["train", "--net", "resnet8", "--data", data, ...TUNE]],
  ["convert", (model) => ["convert", model]],
  ["calibrate", (model, data) => ["calibrate", model, "--data", data, ...SAMPLES]],
]);

/** A small model, and commands on it. */
export interface Commands {
  /** An empty folder, deleted afterwards. */
  readonly folder: string;
  /** The model: 8 convolutions for images of 8 × 8. */
  readonly model: string;
  /** Arguments by name, without where the command writes. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
}

/** Makes the model, its images and the commands for as long as something works on them. */
export async function withCommands(work: (commands: Commands) => Promise<void>): Promise<void> {
  await startBackend();
  await withNoise(async (data, folder) => {
    const model = join(folder, "model");
    await saveModelFile(model, await noisyNetwork("preActivation"));
    const list = join(folder, "ratio.list");
    await Deno.writeTextFile(list, Array(8).fill("0.5").join(","));
    const commands = [...COMMANDS].map(([name, make]) => [name, make(model, data, list)] as const);
    await work({ folder, model, commands: new Map(commands) });
  })();
}

/** Bytes of weights, or of the one file, by name; the rest holds times of day and commands. */
export type Outputs = Readonly<Record<string, string>>;

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex();
}

/** What stands at a place; undefined when there is nothing. */
export async function look(place: string): Promise<Outputs | undefined> {
  const found = await Deno.stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory) return { file: await digest(await Deno.readFile(place)) };
  const names = [...Deno.readDirSync(place)].map(({ name }) => name).filter((name) =>
    name.endsWith(".bin")
  );
  const digests = await Promise.all(
    names.map(async (name) => [name, await digest(await Deno.readFile(join(place, name)))]),
  );
  const json = await Deno.readTextFile(join(place, "model.json")).catch(() => "");
  const isWhole = json !== "" && JSON.parse(json) !== null;
  return Object.fromEntries([...digests, ["isWhole", String(isWhole)]]);
}

/** Whether two places hold the same. */
export const isSame = (one?: Outputs, other?: Outputs) =>
  JSON.stringify(Object.entries(one ?? {}).sort()) ===
    JSON.stringify(Object.entries(other ?? {}).sort());

/** What is left beside a place that nothing will take up again. */
export function draftsBeside(place: string): number {
  const name = basename(place);
  return [...Deno.readDirSync(dirname(place))]
    .filter((entry) => entry.name.startsWith(`.${name}.`) || entry.name.startsWith(`${name}.old`))
    .length;
}

/** Copies a file, or a folder of files, in the place of what is there. */
export async function copy(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for (const { name } of Deno.readDirSync(from)) {
    await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** The arguments of a command that writes to a place. */
export function withOut(args: readonly string[], out: string): string[] {
  return ["convert", "fold"].includes(args[0]) ? [...args, out] : [...args, "--out", out];
}
