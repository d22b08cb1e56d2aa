/**
 * Kills commands (SIGKILL) at random moments, looks whether what stood at --out is whole, and runs them again:
 * `deno run --allow-all bench/kill_bench.ts [KILLS] [SEED]`. The second run goes on from the checkpoint where there is one,
 * and has to write the bytes of weights that a run without interruption writes. The commands take turns; at SIGTERM the
 * round is ended and the figures are printed.
 *
 * @module
 */
import { join } from "node:path";
import { createRandom } from "../src/base/random.ts";
import {
  copy,
  draftsBeside,
  isSame,
  look,
  type Outputs,
  withCommands,
  withOut,
} from "./written_outputs.ts";

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

/** A command, what it writes, and what came of killing it. */
interface Victim {
  readonly name: string;
  readonly args: readonly string[];
  /** Where its own files are. */
  readonly folder: string;
  /** Seconds that it takes. */
  readonly seconds: number;
  readonly before?: Outputs;
  readonly wanted?: Outputs;
  readonly random: () => number;
  readonly counts: Record<(typeof COLUMNS)[number], number>;
}

const COLUMNS = ["runs", "killed", "old", "new", "resumed", "drafts", "wrong"] as const;

/** Runs a command once without killing it. */
async function prepare(
  name: string,
  args: readonly string[],
  folder: string,
  random: () => number,
): Promise<Victim> {
  await Deno.mkdir(folder);
  const reference = join(folder, "reference");
  const first = await run(withOut(args, reference));
  if (first.code !== 0) throw new Error(`${name}: ${first.said}`);
  const old = join(folder, "old");
  if (args[0] === "calibrate") await Deno.writeTextFile(old, "an older file");
  else await copy(join(folder, "../model"), old);
  return {
    ...{ name, args, folder, random, seconds: first.seconds },
    before: await look(old),
    wanted: await look(reference),
    counts: { runs: 0, killed: 0, old: 0, new: 0, resumed: 0, drafts: 0, wrong: 0 },
  };
}

async function killOnce({ name, args, folder, seconds, before, wanted, random, counts }: Victim) {
  const place = join(folder, "place");
  const out = join(place, "out");
  await Deno.remove(place, { recursive: true }).catch(() => {});
  await Deno.mkdir(place);
  await copy(join(folder, "old"), out);
  const { code } = await run([...withOut(args, out), "--force"], random() * seconds);
  const between = await look(out);
  const isOld = isSame(between, before);
  const isNew = !isOld && isSame(between, wanted);
  const hasDraft = draftsBeside(out) > 0;
  const canResume = await Deno.stat(`${out}.checkpoint`).then(() => true, () => false);
  const again = await run([...withOut(args, out), "--force", ...(canResume ? ["--resume"] : [])]);
  const isRight = again.code === 0 && isSame(await look(out), wanted);
  if (!isRight) console.error(`${name}: ${again.code} ${again.said.trim().split("\n").at(-1)}`);
  counts.runs++;
  if (code === 137) counts.killed++;
  if (isOld) counts.old++;
  if (isNew) counts.new++;
  if (hasDraft) counts.drafts++;
  if (canResume) counts.resumed++;
  if (!isRight || !(isOld || isNew)) counts.wrong++;
}

function printTable(victims: readonly Victim[]): void {
  console.log(
    "| command | runs | killed | old output whole | new output whole | resumed | with a draft left | wrong |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  const sums = COLUMNS.map((column) =>
    victims.reduce((sum, { counts }) => sum + counts[column], 0)
  );
  for (const { name, counts } of victims) {
    console.log(`| ${[name, ...COLUMNS.map((column) => counts[column])].join(" | ")} |`);
  }
  console.log(`| ${["all", ...sums].join(" | ")} |`);
}

const [kills = "23", seed = "0"] = Deno.args;
const victims: Victim[] = [];
await withCommands(async ({ folder, commands }) => {
  for (const [name, args] of commands) {
    const random = createRandom(Number(seed), victims.length);
    victims.push(await prepare(name, args, join(folder, `${victims.length}`), random));
  }
  let isEnded = false;
  Deno.addSignalListener("SIGTERM", () => isEnded = true);
  for (let round = 0; round < Number(kills) && !isEnded; round++) {
    for (const victim of victims) await killOnce(victim);
    console.error(`${round + 1} of ${kills}`);
  }
});
printTable(victims);
Deno.exit(victims.some(({ counts }) => counts.wrong > 0) ? 1 : 0);
