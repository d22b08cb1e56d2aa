import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import project from "../../deno.json" with { type: "json" };
import { describeConditions } from "../cost/mod.ts";
import { InputError, parseJson } from "../base/mod.ts";
import type { PruneRecord, RunRecord, TuningRecord } from "./run_record.ts";
import type { DrawnCurve } from "./curve_page.ts";
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
 * Completes the record of a run that ends now on this machine: adds the time, the versions and the machine.
 *
 * @param fields The run, and the figures that it found.
 * @returns The record, whose JSON is the content of a `report.json`.
 *
 * @example Record a run
 * ```ts
 * import { prune, recordRun } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const policy = { kind: "uniform", ratio: 0.5 } as const;
 * const { file, report } = await prune({ model, data, policy });
 * const run = { kind: "prune", model, out: "resnet8-half", command: "halve.ts", report } as const;
 * const record = await recordRun({ ...run, bytes: { after: file.bytes } });
 * assert.equal(record.format, "secateur-run-1");
 * assert.match(record.versions.engine, /^Deno /);
 * ```
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
 * @param record The record of the run, from {@link recordRun}.
 * @returns One HTML page, which needs no other file and no network.
 *
 * @example Draw the report of a run
 * ```ts
 * import { prune, recordRun, renderReport } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const policy = { kind: "uniform", ratio: 0.5 } as const;
 * const { file, report } = await prune({ model, data, policy });
 * const run = { kind: "prune", model, out: "resnet8-half", command: "halve.ts", report } as const;
 * const html = await renderReport(await recordRun({ ...run, bytes: { after: file.bytes } }));
 * assert.match(html, /^\s*<!doctype html>/i);
 * ```
 */
export async function renderReport(record: RunRecord): Promise<string> {
  return (await openReports()).drawReport(record);
}

/**
 * Draws runs side by side.
 *
 * @param runs What {@link readRuns} gives.
 * @returns One HTML page, which needs no other file and no network.
 *
 * @example Draw two networks side by side
 * ```ts
 * import { renderComparison, type RunSummary } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const origin = "resnet20";
 * const half: RunSummary = {
 *   name: "half",
 *   origin,
 *   accuracy: { before: 0.917, after: 0.909 },
 *   outputError: {},
 *   macs: { before: 40_551_040, after: 20_269_312 },
 *   convMacs: { before: 40_550_400, after: 20_268_672 },
 *   params: { before: 271_690, after: 137_002 },
 *   milliseconds: {},
 *   bytes: { before: 1_101_760, after: 563_004 },
 *   seed: 0,
 *   command: "secateur prune resnet20 --data cifar10 --policy uniform --ratio 0.5 --out half",
 * };
 * const quarter = { ...half, name: "quarter", accuracy: { before: 0.917, after: 0.871 } };
 * const html = await renderComparison([half, quarter]);
 * assert.match(html, /^\s*<!doctype html>/i);
 * ```
 */
export async function renderComparison(runs: readonly RunSummary[]): Promise<string> {
  return (await openReports()).drawComparison(runs);
}

/**
 * Draws how much a network loses at which size.
 *
 * @param curve What {@link explore} found.
 * @returns One HTML page, which needs no other file and no network.
 *
 * @example Draw a curve
 * ```ts
 * import { explore, renderCurve } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const curve = await explore({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   shares: [0.7, 0.4],
 *   batches: 1,
 * });
 * assert.match(await renderCurve(curve), /^\s*<!doctype html>/i);
 * ```
 */
export async function renderCurve(curve: DrawnCurve): Promise<string> {
  return (await openReports()).drawCurve(curve);
}

/**
 * Reads the records of runs, for a comparison.
 *
 * @param paths Folders with a `report.json`, or such files.
 * @returns The figures that are compared, in the same order.
 * @throws {InputError} When there is no record at a path.
 *
 * @example Read back what a run found
 * ```ts
 * import { prune, readRuns, recordRun, saveModelFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const pixels = () => crypto.getRandomValues(new Uint8Array(28 * 28));
 * const images = Array.from({ length: 64 }, () => ({ data: pixels(), height: 28, width: 28 }));
 * const data = { classes: [..."0123456789"], train: { images, labels: new Uint8Array(64) } };
 *
 * const model = "cli/example/resnet8-fashion-mnist";
 * const policy = { kind: "uniform", ratio: 0.5 } as const;
 * const { file, report } = await prune({ model, data, policy });
 * const folder = await Deno.makeTempDir();
 * const out = `${folder}/half`;
 * const run = { kind: "prune", model, out, command: "halve.ts", report } as const;
 * await saveModelFile(out, file, {
 *   extraFiles: async (after) => {
 *     const record = await recordRun({ ...run, bytes: { after } });
 *     return new Map([["report.json", JSON.stringify(record)]]);
 *   },
 * });
 * const [{ name, accuracy }] = await readRuns([out]);
 * assert.equal(name, "half");
 * assert.equal(accuracy.after, report.accuracy!.after);
 * await Deno.remove(folder, { recursive: true });
 * ```
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
    const { code, message } = cause as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? "found no such file" : message;
    throw new InputError(
      `reading ${file}: ${found}, wanted the record of a run; ` +
        "give a folder that prune, finetune or train has written",
      { cause },
    );
  }
  return checkRecord(record, file);
}
