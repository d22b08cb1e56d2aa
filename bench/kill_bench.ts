/**
 * Kills commands (SIGKILL) at random moments, looks whether what stood at --out is whole, and runs them again:
 * `deno run --allow-all bench/kill_bench.ts [KILLS] [SEED]`. The second run goes on from the checkpoint where there is one,
 * and has to write the bytes of weights that a run without interruption writes.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { saveModelFile } from "../src/formats/tfjs/save.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { createRandom } from "../src/base/random.ts";
import { noisyNetwork, withNoise } from "../test/support/noise.ts";

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

/** Commands, without --out. */
const COMMANDS: ReadonlyMap<string, (model: string, data: string, list: string) => string[]> =
  new Map([
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
      (model, data) => ["prune", model, "--data", data, "--budget", "0.6", ...SMALL],
    ],
    [
      "prune budget, tuned",
      (model, data) => [
        ...["prune", model, "--data", data, "--budget", "0.6", "--epochs", "2", ...SMALL],
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
type Weights = Readonly<Record<string, string>>;

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex();
}

/** What stands at a place; undefined when there is nothing. */
async function look(place: string): Promise<Weights | undefined> {
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

const isSame = (one?: Weights, other?: Weights) =>
  JSON.stringify(Object.entries(one ?? {}).sort()) ===
    JSON.stringify(Object.entries(other ?? {}).sort());

interface Ended {
  readonly code: number;
  readonly seconds: number;
  readonly said: string;
}

/** Runs a command, and kills it after some seconds if it still runs. */
async function run(args: readonly string[], killAfter?: number): Promise<Ended> {
  const permissions = ["--quiet", "--no-prompt", "--no-check", "--allow-read", "--allow-write"];
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, "cli/main.ts", ...args],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = killAfter === undefined
    ? undefined
    : setTimeout(() => child.kill("SIGKILL"), killAfter * 1000);
  const { code, stderr } = await child.output();
  clearTimeout(timer);
  return {
    code,
    seconds: (performance.now() - start) / 1000,
    said: new TextDecoder().decode(stderr),
  };
}

/** What is left beside a place that nothing will take up again. */
function draftsBeside(place: string): number {
  const name = basename(place);
  return [...Deno.readDirSync(dirname(place))]
    .filter((entry) => entry.name.startsWith(`.${name}.`) || entry.name.startsWith(`${name}.old`))
    .length;
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for (const { name } of Deno.readDirSync(from)) {
    await Deno.copyFile(join(from, name), join(to, name));
  }
}

async function killCommand(
  name: string,
  args: readonly string[],
  folder: string,
  kills: number,
  random: () => number,
): Promise<boolean> {
  const isConvert = args[0] === "convert";
  const withOut = (out: string) => isConvert ? [...args, out] : [...args, "--out", out];
  const reference = join(folder, "reference");
  const first = await run(withOut(reference));
  if (first.code !== 0) throw new Error(`${name}: ${first.said}`);
  const wanted = await look(reference);
  const old = join(folder, "old");
  if (args[0] === "calibrate") await Deno.writeTextFile(old, "an older file");
  else await copy(join(folder, "model"), old);
  const before = await look(old);
  const counts = { killed: 0, old: 0, new: 0, resumed: 0, drafts: 0, wrong: 0 };
  for (let kill = 0; kill < kills; kill++) {
    const out = join(folder, "place", "out");
    await Deno.remove(join(folder, "place"), { recursive: true }).catch(() => {});
    await Deno.mkdir(join(folder, "place"));
    await copy(old, out);
    const { code } = await run([...withOut(out), "--force"], random() * first.seconds);
    if (code === 137) counts.killed++;
    const between = await look(out);
    if (isSame(between, before)) counts.old++;
    else if (isSame(between, wanted)) counts.new++;
    else counts.wrong++;
    counts.drafts += draftsBeside(out) > 0 ? 1 : 0;
    const canResume = await Deno.stat(`${out}.checkpoint`).then(() => true, () => false);
    if (canResume) counts.resumed++;
    const again = await run([...withOut(out), "--force", ...(canResume ? ["--resume"] : [])]);
    if (again.code !== 0 || !isSame(await look(out), wanted)) {
      counts.wrong++;
      console.error(`${name}: ${again.code} ${again.said.trim().split("\n").at(-1)}`);
    }
  }
  for (const place of ["reference", "old", "place"]) {
    await Deno.remove(join(folder, place), { recursive: true });
  }
  const cells = [name, kills, counts.killed, counts.old, counts.new, counts.resumed, counts.drafts];
  console.log(`| ${[...cells, counts.wrong].join(" | ")} |`);
  return counts.wrong === 0;
}

const [kills = "23", seed = "0"] = Deno.args;
await startBackend();
console.log(
  "| command | runs | killed | old output whole | new output whole | resumed | with a draft left | wrong |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
let isFine = true;
await withNoise(async (data, folder) => {
  await saveModelFile(join(folder, "model"), await noisyNetwork("preActivation"));
  const list = join(folder, "ratio.list");
  await Deno.writeTextFile(list, Array(8).fill("0.5").join(","));
  let stream = 0;
  for (const [name, make] of COMMANDS) {
    const args = make(join(folder, "model"), data, list);
    const random = createRandom(Number(seed), stream++);
    isFine = await killCommand(name, args, folder, Number(kills), random) && isFine;
  }
})();
if (!isFine) Deno.exit(1);
