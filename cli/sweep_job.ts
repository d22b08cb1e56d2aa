import { createHash } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import project from "../deno.json" with { type: "json" };
import {
  type Change,
  type Fingerprints,
  InputError,
  type Job,
  type JobHandlers,
  type ProgressListener,
} from "../src/mod.ts";
import { callCommand } from "./invocation.ts";
import { pruneCommand } from "./prune.ts";
import type { SweepPoint } from "./sweep_plan.ts";
import { checkpointFolder } from "./tuning_options.ts";

/** What a run of `prune` is given. */
export interface SweepInput {
  /** The run's name, which is its folder's. */
  readonly name: string;
  /** Model, and options without data and out. */
  readonly args: readonly string[];
  /** Where the images are. */
  readonly data: string;
}

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

/** What runs are done with. */
export interface SweepContext {
  /** Folder that the folders of runs are written into. */
  readonly out: string;
  /** Told of the progress of a run. */
  readonly onProgress: (name: string, ...progress: Parameters<ProgressListener>) => void;
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

/** The job of a run. */
export function sweepJob({ name, path, data, args }: SweepPoint, key: string): Job<SweepInput> {
  return { kind: "prune", key, input: { name, args: [path, ...args], data } };
}

/** Who does runs. */
export const SWEEP_HANDLERS: JobHandlers<SweepContext> = { prune: runPrune };

/**
 * Runs `prune` into the run's own folder, from the journal of its search where one was cut off. A journal that cannot be
 * gone on from, as on a machine with another number of cores, is given up.
 */
async function runPrune(
  { out, onProgress }: SweepContext,
  { name, args, data }: SweepInput,
): Promise<SweepFigures> {
  const folder = join(out, name);
  const call = (...more: string[]) =>
    callCommand(
      pruneCommand,
      [...args, "--data", data, "--out", folder, "--force", "--json", ...more],
      (progress) => onProgress(name, progress),
    );
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
