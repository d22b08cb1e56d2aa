import { basename, dirname, join } from "node:path";

const SMALL = ["--nb-batches", "4", "--batch-size", "25", "--seed", "2", "--workers", "1"];
const SEARCH = [
  "--nb-rlouts",
  "8",
  "--nb-rlouts-min",
  "4",
  "--search-images",
  "40",
  "--finalists",
  "2",
];
const TUNE = ["--epochs", "2", "--validation-images", "20", "--seed", "2", "--workers", "1"];

/** Commands, without where they write. */
export const COMMANDS: ReadonlyMap<
  string,
  (model: string, data: string, list: string) => string[]
> = new Map([
  [
    "prune uniform",
    (model, data) => [
      ...["prune", model, "--data", data, "--prune-option", "uniform"],
      ...["--uniform-preserve-ratio", "0.5", ...SMALL],
    ],
  ],
  [
    "prune list",
    (model, data, list) => [
      ...[
        "prune",
        model,
        "--data",
        data,
        "--prune-option",
        "list",
        "--prune-list-file",
        list,
        ...SMALL,
      ],
    ],
  ],
  [
    "prune budget",
    (model, data) => [
      ...["prune", model, "--data", data, "--budget", "0.6", "--effort", "quick", ...SMALL],
    ],
  ],
  [
    "prune budget, tuned",
    (model, data) => [
      ...["prune", model, "--data", data, "--budget", "0.6", "--epochs", "2"],
      ...["--effort", "quick", ...SMALL],
      ...["--validation-images", "20"],
    ],
  ],
  [
    "prune auto",
    (model, data) => [
      ...["prune", model, "--data", data, "--prune-option", "auto", "--preserve-ratio", "0.6"],
      ...[...SEARCH, ...SMALL],
    ],
  ],
  ["finetune", (model, data) => ["finetune", model, "--data", data, ...TUNE]],
  ["train", (_, data) => ["train", "--net", "resnet8", "--data", data, ...TUNE]],
  ["convert", (model) => ["convert", model]],
  ["calibrate", (model, data) => ["calibrate", model, "--data", data, ...SMALL]],
]);

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
