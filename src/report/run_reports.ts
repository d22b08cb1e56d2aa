import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import project from "../../deno.json" with { type: "json" };
import { describeConditions } from "../cost/mod.ts";
import { InputError, parseJson } from "../base/mod.ts";
import type { PruneRecord, RunRecord, TuningRecord } from "./run_record.ts";
import type { RunSummary } from "./summarize_run.ts";

/** Fields that {@link recordRun} fills in. */
export type RecordedFields = "format" | "finished" | "versions" | "machine";

/** What only the caller knows of a run. */
export type RunFields =
  | Omit<PruneRecord, RecordedFields>
  | Omit<TuningRecord, RecordedFields>;

/** The drawing library is loaded when it is needed. */
const openReports = () => import("./drawing.ts");

/**
 * Completes the record of a run that ends now on this machine.
 *
 * @param fields What the run was and found.
 * @returns The record.
 */
export async function recordRun(fields: RunFields): Promise<RunRecord> {
  const { RUN_FORMAT } = await openReports();
  return {
    format: RUN_FORMAT,
    ...fields,
    finished: new Date().toISOString(),
    versions: { secateur: project.version, engine: describeEngine() },
    machine: describeConditions(),
  };
}

/** Bun and Deno state the version of Node that they imitate as well. */
function describeEngine(): string {
  const { bun, deno, node } = process.versions;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
}

/**
 * Draws the report of a run.
 *
 * @param record The run.
 * @returns One HTML page, which needs no other file and no network.
 */
export async function renderReport(record: RunRecord): Promise<string> {
  return (await openReports()).drawReport(record);
}

/**
 * Draws runs side by side.
 *
 * @param runs What {@link readRuns} gives.
 * @returns One HTML page, which needs no other file and no network.
 */
export async function renderComparison(runs: readonly RunSummary[]): Promise<string> {
  return (await openReports()).drawComparison(runs);
}

/**
 * Reads what is compared of runs.
 *
 * @param paths Folders with a `report.json`, or such files.
 * @returns Their figures, in the same order.
 * @throws {InputError} When there is no record at a path.
 */
export async function readRuns(paths: readonly string[]): Promise<RunSummary[]> {
  const { summarizeRuns } = await openReports();
  return summarizeRuns(
    await Promise.all(paths.map(async (path) => ({ path, record: await readRecord(path) }))),
  );
}

async function readRecord(path: string): Promise<RunRecord> {
  const { checkRecord } = await openReports();
  const isFolder = await stat(path).then((found) => found.isDirectory(), () => false);
  const file = isFolder ? join(path, "report.json") : path;
  let record: unknown;
  try {
    record = parseJson(await readFile(file, "utf8"));
  } catch (cause) {
    throw new InputError(
      `reading ${file}: ${(cause as Error).message}, wanted the record of a run; ` +
        `give a folder that prune, finetune or train has written`,
      { cause },
    );
  }
  return checkRecord(record, file);
}
