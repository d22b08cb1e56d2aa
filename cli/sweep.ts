import { join } from "node:path";
import process from "node:process";
import { stat } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import {
  type Executor,
  fingerprint,
  type Fingerprints,
  type JobOutcome,
  LocalExecutor,
} from "../src/mod.ts";
import { jsonOption } from "./data_options.ts";
import { InterruptError } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { pruneCommand } from "./prune.ts";
import {
  keyOf,
  removeCheckpoint,
  SWEEP_HANDLERS,
  type SweepFigures,
  sweepJob,
} from "./sweep_job.ts";
import { parseSweep, type SweepPoint } from "./sweep_plan.ts";
import { describeSweep, frontOf, type SweepResult, SweepResults } from "./sweep_results.ts";
import { readTextFile } from "./text_files.ts";

const FAILED = 1;

/** `sweep FILE --out DIR`. */
export const sweepCommand = new Command("sweep")
  .argument("<file>", "JSON with models, options, budgets, data and common")
  .requiredOption("--out <dir>", "folder for the folders of all runs, sweep.json and sweep.csv")
  .addOption(jsonOption)
  .addHelpText(
    "after",
    `
Every model is pruned with all options to every budget; a run is written as \`prune\` writes it. Called again, a sweep keeps
what is done and does the rest. Exit code 1 when a run failed; the others are done all the same.

Example:
  deno task secateur sweep cli/example/sweep.json --out sweep
`,
  )
  .action(async (path, { out, json }) => {
    const text = await readTextFile("<file>", path, "a sweep as JSON");
    const points = parseSweep(text, path, pruneCommand);
    const keys = await keysOf(points);
    const results = await SweepResults.open(out, points.map(({ name }) => name));
    await withProgress(async (show) => {
      const executor = new LocalExecutor(SWEEP_HANDLERS, {
        out,
        onProgress: (name, progress) => show({ ...progress, stage: `${name}: ${progress.stage}` }),
      });
      await runPoints({ out, points, keys, results, executor });
    });
    const found = results.wanted;
    const fronts = Object.groupBy(found, ({ model }) => model);
    const front = Object.values(fronts).flatMap((runs) => frontOf(runs!).map(({ name }) => name));
    console.log(json ? JSON.stringify({ out, runs: found, front }) : describeSweep(found));
    if (found.some(({ status }) => status === "failed")) process.exitCode = FAILED;
  });

/** A sweep that is under way. */
interface SweepRun {
  readonly out: string;
  readonly points: readonly SweepPoint[];
  readonly keys: readonly string[];
  readonly results: SweepResults;
  readonly executor: Executor;
}

/** Does all runs that are not done; every one is kept as it ends. */
async function runPoints({ out, points, keys, results, executor }: SweepRun): Promise<void> {
  const due: SweepResult[] = [];
  const jobs = [];
  for (const [index, point] of points.entries()) {
    const { name, model, options, budget } = point;
    const [known, key] = [results.get(name), keys[index]];
    const isKnown = known?.key === key;
    if (isKnown && known.status === "done" && await isFolder(join(out, name))) continue;
    if (!isKnown) await removeCheckpoint(out, name);
    const result = { name, model, options, budget, key, status: "begun" } as const;
    await results.put(result);
    due.push(result);
    jobs.push(sweepJob(point, key));
  }
  const controller = new AbortController();
  let written: Promise<unknown> = Promise.resolve();
  const onEnd = (index: number, outcome: JobOutcome<SweepFigures>) => {
    if (outcome.status === "failed" && outcome.error instanceof InterruptError) {
      controller.abort(outcome.error);
      return;
    }
    written = Promise.all([written, results.put(resultOf(due[index], outcome))]);
    // It is waited for below; until then a failure must not count as one that nobody handles.
    written.catch(() => {});
  };
  const { signal } = controller;
  await executor.run<SweepFigures>(jobs, { signal, onEnd });
  signal.throwIfAborted();
  await written;
}

function resultOf(begun: SweepResult, outcome: JobOutcome<SweepFigures>): SweepResult {
  if (outcome.status === "done") return { ...begun, status: "done", figures: outcome.output };
  return { ...begun, status: "failed", error: outcome.error.message };
}

/** The keys of all runs; model and images are looked at once for all runs that have them. */
async function keysOf(points: readonly SweepPoint[]): Promise<string[]> {
  const known = new Map<string, Fingerprints>();
  const keys: string[] = [];
  for (const point of points) {
    const { path: model, data, preprocessing } = point;
    const asked = JSON.stringify([model, data, preprocessing]);
    if (!known.has(asked)) known.set(asked, await fingerprint({ model, data, preprocessing }));
    keys.push(keyOf(point, known.get(asked)!));
  }
  return keys;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isDirectory(), () => false);
}
