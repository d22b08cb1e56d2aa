import { createHash } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import {
  fileError,
  type Fingerprints,
  type Forecast,
  InputError,
  type ProgressListener,
  type prune,
  type PruneReport,
} from "../../src/mod.ts";
import { parsePruneArguments } from "../options/prune_options.ts";
import { checkpointFolder } from "../options/tuning_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { type PruneRun, requireTuned, runPrune } from "../prune_run.ts";
import type { SweepPoint } from "./sweep_plan.ts";
import type { SweepFigures } from "./sweep_result.ts";

/** How a run is done. */
export interface PointOptions {
  /** Folder that the run's own is written into. */
  readonly out: string;
  /** Does the pruning itself. */
  readonly prune: typeof prune;
  /** Receives the run's progress. */
  readonly onProgress: ProgressListener;
  /** Receives what the run is going to do. */
  readonly onForecast?: (forecast: Forecast) => void;
}

/**
 * Names a run by all that its outcome follows from.
 *
 * @param point The run.
 * @param content Model and images.
 * @returns 64 hexadecimal digits.
 */
export function keyOf({ args }: SweepPoint, content: Fingerprints): string {
  return createHash("sha256").update(JSON.stringify([project.version, args, content]))
    .digest("hex");
}

/**
 * Runs `prune` into a run's own folder, from the journal of its search where one was cut off. A journal that cannot be gone
 * on from, as on a machine with another number of cores, is given up.
 *
 * @param point The run.
 * @param options How it is done.
 * @returns What it found.
 */
export async function runPoint(
  { name, path, data, args }: SweepPoint,
  { out, prune, onProgress, onForecast }: PointOptions,
): Promise<SweepFigures> {
  const folder = join(out, name);
  const own = [path, ...args, "--data", data, "--out", folder, "--force", "--json"];
  const run = async (...more: string[]): Promise<PruneRun> => {
    const args = [...own, ...more];
    const { model, flags } = parsePruneArguments(args);
    const command = ["prune", ...args];
    const told = { onProgress, onForecast, onEpoch: describeEpoch };
    return await runPrune(model, flags, { command, prune, ...told });
  };
  const isCutOff = await isFile(join(checkpointFolder(folder), "search.jsonl"));
  const { report, bytes } = isCutOff
    ? await run("--resume").catch((error) => {
      if (error instanceof InputError) return run();
      throw error;
    })
    : await run();
  requireTuned(report, folder);
  const { accuracy, outputError, loss, macs, params, seconds } = report;
  const quality = qualityOf(report);
  return { accuracy, outputError, quality, loss, macs, params, bytes, seconds: seconds.total };
}

/** Tuning has held out images of its own. */
function qualityOf({ heldOut, tuning }: PruneReport): number | undefined {
  const accuracy = tuning?.validationAccuracy ?? heldOut?.accuracy;
  const error = tuning?.validationOutputError ?? heldOut?.outputError;
  return accuracy ?? (error === undefined ? undefined : -error);
}

/** Removes what is left of a run with other options or content. */
export async function removeCheckpoint(out: string, name: string): Promise<void> {
  const folder = checkpointFolder(join(out, name));
  await rm(folder, { recursive: true, force: true }).catch((cause) => {
    throw fileError(`removing ${folder}, which an earlier sweep left`, cause);
  });
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isFile(), () => false);
}
