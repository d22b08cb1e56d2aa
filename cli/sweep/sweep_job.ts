import { createHash } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import {
  type Change,
  type Fingerprints,
  InputError,
  type ProgressListener,
  type prune,
} from "../../src/mod.ts";
import { callCommand } from "../invocation.ts";
import { pruneCommand } from "../commands/prune.ts";
import type { SweepPoint } from "./sweep_plan.ts";
import { checkpointFolder } from "../options/tuning_options.ts";

/** What a sweep keeps of a run's report. */
export interface SweepFigures {
  /** Share of test images classified rightly; absent where outputs are compared. */
  readonly accuracy?: Change;
  /** Relative error of the outputs; absent where images are classified. */
  readonly outputError?: Change;
  /** Loss on the test images. */
  readonly loss: Change;
  /** Multiply-accumulates for one image. */
  readonly macs: Change;
  /** Weights. */
  readonly params: Change;
  /** Bytes of the model on disk. */
  readonly bytes: Change;
  /** Wall time of the run. */
  readonly seconds: number;
}

/** How a run is done. */
export interface PointMeans {
  /** Folder that the run's own is written into. */
  readonly out: string;
  /** Does the pruning itself. */
  readonly prune: typeof prune;
  /** Told of the run's progress. */
  readonly onProgress: ProgressListener;
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
 * @param means How it is done.
 * @returns What it found.
 */
export async function runPoint(
  { name, path, data, args }: SweepPoint,
  { out, prune, onProgress }: PointMeans,
): Promise<SweepFigures> {
  const folder = join(out, name);
  const own = [path, ...args, "--data", data, "--out", folder, "--force", "--json"];
  const call = (...more: string[]) =>
    callCommand(pruneCommand, [...own, ...more], { onProgress, prune });
  const isCutOff = await isFile(join(checkpointFolder(folder), "search.jsonl"));
  const printed = isCutOff
    ? await call("--resume").catch((error) => {
      if (error instanceof InputError) return call();
      throw error;
    })
    : await call();
  const { accuracy, outputError, loss, macs, params, bytes, seconds } = JSON.parse(printed);
  return { accuracy, outputError, loss, macs, params, bytes, seconds: seconds.total };
}

/** Removes what is left of a run with other options or content. */
export async function removeCheckpoint(out: string, name: string): Promise<void> {
  await rm(checkpointFolder(join(out, name)), { recursive: true, force: true });
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isFile(), () => false);
}
