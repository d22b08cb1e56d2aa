import { stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Command } from "@commander-js/extra-typings";
import {
  fingerprint,
  type Fingerprints,
  type Forecast,
  openPruner,
  type ProgressListener,
  type Pruner,
  readRuns,
  renderComparison,
  writeWholeFile,
} from "../../src/mod.ts";
import { messageOf } from "../failures.ts";
import { jsonOption } from "../options/data_options.ts";
import { InterruptError, keepAtInterrupt, untilInterrupted } from "../interrupt.ts";
import { describeRuns } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import {
  attemptsOption,
  blobsOption,
  queueOption,
  queueOptions,
} from "../options/queue_options.ts";
import { keyOf, type PointOptions, removeCheckpoint, runPoint } from "../sweep/sweep_job.ts";
import { parseSweep, type SweepPoint } from "../sweep/sweep_plan.ts";
import type { SweepResult } from "../sweep/sweep_result.ts";
import { describeSweep, frontOf, SweepResults } from "../sweep/sweep_results.ts";
import { readTextFile } from "../text_files.ts";
import type { Outputs } from "../output/outputs.ts";

const FAILED = 1;

/** `sweep FILE --out DIR`. */
export const sweepCommand = new Command("sweep")
  .argument("<file>", "JSON with models, options, budgets, data and common")
  .requiredOption("--out <dir>", "folder for the folders of all runs, sweep.json and sweep.csv")
  .addOption(queueOption)
  .addOption(blobsOption)
  .addOption(attemptsOption)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    `
Every model is pruned with all options to every budget; a run is written as \`prune\` writes it. Called
again, a sweep keeps what is done and does the rest. With --queue every run is a job. Exit code 1 when a
run failed; the others are done all the same.

Example:
  deno task secateur sweep cli/example/sweep.json --out sweep
`,
  )
  .action(async (path, { out, json, ...queueFlags }) => {
    const queue = queueOptions(queueFlags);
    const text = await readTextFile("<file>", path, "a sweep as JSON");
    const points = parseSweep(text, path);
    const pruner = await openPruner(queue);
    try {
      const due = await findDue(points, out);
      await untilInterrupted(async (signal) => {
        try {
          await withProgress((show) => doRuns({ ...due, out, pruner, signal, show }));
        } finally {
          // A run that was under way has said what of it alone is kept.
          keepAtInterrupt(() => `what is done is in ${out}; give the same command to go on`);
        }
      });
      const { wanted } = due.results;
      const comparison = await writeComparison(wanted, out);
      report(wanted, { out, json, comparison });
    } finally {
      await pruner.close();
    }
  });

/** A run that is to be done. */
interface DueRun {
  readonly point: SweepPoint;
  readonly begun: SweepResult;
}

interface Due {
  readonly runs: readonly DueRun[];
  readonly results: SweepResults;
}

/** The runs that are not done yet with these options, this model and these images. */
async function findDue(points: readonly SweepPoint[], out: string): Promise<Due> {
  const keys = await keysOf(points);
  const results = await SweepResults.open(out, points.map(({ name }) => name));
  const runs: DueRun[] = [];
  for (const [index, point] of points.entries()) {
    const { name, model, options, budget } = point;
    const [known, key] = [results.get(name), keys[index]];
    const isKnown = known?.key === key;
    if (isKnown && known.status === "done" && await isFolder(join(out, name))) continue;
    if (!isKnown) await removeCheckpoint(out, name);
    runs.push({ point, begun: { name, model, options, budget, key, status: "begun" } });
  }
  return { runs, results };
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

/** Runs that are under way. */
interface RunsUnderWay extends Due {
  readonly out: string;
  readonly pruner: Pruner;
  readonly signal: AbortSignal;
  readonly show: ProgressListener;
}

/** Does runs, as many at the same time as there is room for; every one is kept as it ends. */
async function doRuns(underWay: RunsUnderWay): Promise<void> {
  const { runs, results, pruner: { atOnce } } = underWay;
  for (const { begun } of runs) await results.put(begun);
  const onForecast = foretellOnce({ due: runs.length, all: results.wanted.length }, atOnce);
  const waiting = [...runs];
  let done = 0;
  const work = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) {
      await results.put(await doRun(run, { ...underWay, onForecast }));
      if (atOnce > 1) underWay.show({ stage: "sweeping", done: ++done, total: runs.length });
    }
  };
  const workers = await Promise.allSettled(
    Array.from({ length: Math.min(atOnce, runs.length) }, work),
  );
  const failed = workers.find((worker) => worker.status === "rejected");
  if (failed) throw failed.reason;
}

/** Says what the sweep is going to do: by the forecast of its first run, or at once where there is none. */
function foretellOnce(
  counts: { readonly due: number; readonly all: number },
  atOnce: number,
): ((forecast: Forecast) => void) | undefined {
  if (counts.due === 0 || atOnce > 1) {
    say(describeRuns(counts));
    return undefined;
  }
  let isSaid = false;
  return ({ seconds }) => {
    if (!isSaid) say(describeRuns(counts, seconds));
    isSaid = true;
  };
}

/** Does a run. What is wrong with it is its result; an interrupt ends the sweep. */
async function doRun(
  { point, begun }: DueRun,
  { out, pruner, signal, show, onForecast }: RunsUnderWay & Pick<PointOptions, "onForecast">,
): Promise<SweepResult> {
  signal.throwIfAborted();
  try {
    const figures = await runPoint(point, {
      out,
      prune: (options) => pruner.prune({ ...options, signal: options.signal ?? signal }),
      onProgress: (progress) => {
        if (pruner.atOnce === 1) show({ ...progress, stage: `${point.name}: ${progress.stage}` });
      },
      onForecast,
    });
    return { ...begun, status: "done", figures };
  } catch (error) {
    if (error instanceof InterruptError) throw signal.reason ?? error;
    return { ...begun, status: "failed", error: messageOf(error as Error) };
  }
}

/** Draws the runs that are done side by side; says where. */
async function writeComparison(
  runs: readonly SweepResult[],
  out: string,
): Promise<string | undefined> {
  const done = runs.filter(({ status }) => status === "done");
  if (done.length === 0) return undefined;
  const summaries = await readRuns(done.map(({ name }) => join(out, name)));
  const path = join(out, "comparison.html");
  await writeWholeFile(path, new TextEncoder().encode(await renderComparison(summaries)));
  return path;
}

/** What a sweep reports at its end. */
interface SweepEnd {
  readonly out: string;
  readonly json?: true;
  readonly comparison?: string;
}

function report(runs: readonly SweepResult[], { out, json, comparison }: SweepEnd): void {
  const front = [...Map.groupBy(runs, ({ model }) => model).values()].flatMap(frontOf);
  console.log(
    json
      ? JSON.stringify(
        {
          out,
          comparison,
          runs,
          front: front.map(({ name }) => name),
        } satisfies Outputs["sweep"],
      )
      : [describeSweep(runs), comparison && `charts in ${comparison}`].filter(Boolean).join("\n\n"),
  );
  if (runs.some(({ status }) => status === "failed")) process.exitCode = FAILED;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isDirectory(), () => false);
}
