/**
 * Lets every step that commands do to files fail, one after the other: `deno run --allow-all bench/fault_bench.ts [COMMAND]
 * [CODE]`. A step is opening, writing, syncing, closing, renaming, linking, copying, removing, making a folder. After each
 * there is one error that says what to do, and at --out the older output as a whole, or the newer one and the error says so;
 * where the tuning failed, the network as it was cut and the error says that.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { EXIT_CODES, messageOf } from "../cli/failures.ts";
import { normalizeArguments } from "../cli/normalize_arguments.ts";
import { createProgram } from "../cli/program.ts";
import { breakDisk, type Fault, watchDisk } from "../test/support/faulty_disk.ts";
import {
  copy,
  draftsBeside,
  isSame,
  look,
  type Outputs,
  withCommands,
  withOut,
} from "./written_outputs.ts";

/** What may stand at --out. */
interface Expected {
  readonly before?: Outputs;
  readonly wanted?: Outputs;
  /** What a run that tunes leaves where it cannot. */
  readonly cut?: Outputs;
}

/** What a command left. */
interface Ended {
  readonly error?: Error;
  readonly out?: Outputs;
}

async function run(args: readonly string[]): Promise<Error | undefined> {
  const { log, error: warn } = console;
  console.log = console.error = () => {};
  process.exitCode = 0;
  try {
    const words = normalizeArguments(args);
    await (await createProgram(words)).parseAsync(words, { from: "user" });
    return process.exitCode
      ? new Error(`exit code ${process.exitCode} without an error`)
      : undefined;
  } catch (error) {
    return error as Error;
  } finally {
    Object.assign(console, { log, error: warn });
    process.exitCode = 0;
  }
}

/** What is wrong with what a failed command said and left; undefined when nothing is. */
function complaint(
  { error, out }: Ended,
  { before, wanted, cut }: Expected,
  code: Fault,
): string | undefined {
  if (error === undefined) return isSame(out, wanted) ? undefined : "wrote something else";
  const said = messageOf(error);
  if (!EXIT_CODES.has(error.name)) return `a defect: ${error.stack}`;
  if (!said.includes(code) || !said.includes("; ")) return `unclear: ${said}`;
  if (isSame(out, before) || (said.includes("in place") && isSame(out, wanted))) return undefined;
  if (cut && said.includes("without tuning") && isSame(out, cut)) return undefined;
  // Under passing names the weights of a model are the newer ones.
  return said.includes("not all its files") ? undefined : `neither older nor newer: ${said}`;
}

/** What a run that tunes leaves at `out` without its tuning. */
async function lookAtCut(words: readonly string[], out: string): Promise<Outputs | undefined> {
  const error = await run(words.toSpliced(words.indexOf("--epochs"), 2));
  if (error) throw error;
  return await look(out);
}

async function breakCommand(
  name: string,
  args: readonly string[],
  old: string,
  folder: string,
  code: Fault,
): Promise<boolean> {
  const out = join(folder, `place/${basename(old)}`);
  const begin = async () => {
    await Deno.remove(dirname(out), { recursive: true }).catch(() => {});
    await Deno.mkdir(dirname(out));
    await copy(old, out);
  };
  const words = [...withOut(args, out), "--force"];
  await begin();
  const before = await look(out);
  let steps: number;
  {
    using watched = watchDisk(() => {});
    const error = await run(words);
    if (error) throw new Error(`${name}: ${error.message}`, { cause: error });
    steps = watched.steps;
  }
  const wanted = await look(out);
  const cut = args[0] === "prune" && args.includes("--epochs")
    ? await lookAtCut(words, out)
    : undefined;
  const counts = { errors: 0, harmless: 0, newer: 0, drafts: 0, wrong: 0 };
  for (let at = 1; at <= steps; at++) {
    await begin();
    let error: Error | undefined;
    {
      using _ = breakDisk(at, code);
      error = await run(words);
    }
    const ended = { error, out: await look(out) };
    const wrong = complaint(ended, { before, wanted, cut }, code);
    if (error === undefined) counts.harmless++;
    else counts.errors++;
    if (error?.message.includes("in place")) counts.newer++;
    if (draftsBeside(out) > 0) counts.drafts++;
    if (wrong === undefined) continue;
    counts.wrong++;
    console.error(`${name}, step ${at}: ${wrong}`);
  }
  const { errors, harmless, newer, drafts, wrong } = counts;
  const cells = [name, code, steps, errors, harmless, newer, drafts, wrong];
  console.log(`| ${cells.join(" | ")} |`);
  return wrong + drafts === 0;
}

// Every run listens to interrupts.
process.setMaxListeners(0);
const [wanted = "all", code = "ENOSPC"] = Deno.args;
console.log(
  "| command | fault | steps | errors | without harm | newer output in place, and said | with a draft left | wrong |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
let isFine = true;
await withCommands(async ({ folder, model, commands }) => {
  const olds = new Map(["old", "old.keras", "old.onnx"].map((name) => [name, join(folder, name)]));
  for (const old of olds.values()) {
    const error = await run(["convert", model, old]);
    if (error) throw error;
  }
  const text = join(folder, "old.file");
  await Deno.writeTextFile(text, "an older file");
  const cases: [name: string, args: readonly string[], old: string][] = [];
  for (const [name, args] of commands) {
    cases.push([name, args, args[0] === "calibrate" ? text : olds.get("old")!]);
  }
  const kept = ["--statistics", join(folder, "place/statistics")];
  const budget = commands.get("prune budget")!;
  cases.push(["prune budget, statistics kept", [...budget, ...kept], olds.get("old")!]);
  for (const name of ["old.keras", "old.onnx"]) {
    cases.push([`convert to ${name.slice(3)}`, ["convert", model], olds.get(name)!]);
    cases.push([`fold to ${name.slice(3)}`, ["fold", model], olds.get(name)!]);
  }
  cases.push(["fold", ["fold", model], olds.get("old")!]);
  for (const [name, args, old] of cases) {
    if (wanted !== "all" && wanted !== name) continue;
    isFine = await breakCommand(name, args, old, folder, code as Fault) && isFine;
  }
});
Deno.exit(isFine ? 0 : 1);
