import { createHash } from "node:crypto";
import {
  InputError,
  type Job,
  type JobHandlers,
  type Notice,
  option,
  statFile,
} from "../base/mod.ts";
import { fingerprint, resolveModel } from "../session/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { ModelFile } from "../model/mod.ts";
import { pruneNetwork, type PruneNetworkOptions, type PruneResult } from "../pruning/mod.ts";
import type { RunInput, RunOptions } from "./run_input.ts";
import { getModel, putModel } from "./model_blobs.ts";
import { findData, orRefuse, placeOf, requireSame, type WorkerResources } from "./source_spec.ts";

export type { RunInput } from "./run_input.ts";

/** What came of a run, as it goes through the queue. */
export interface RunOutput extends Omit<PruneResult, "file"> {
  /** Blobs of the files of the smaller model, by name. */
  readonly model: Readonly<Record<string, string>>;
  /** What a user was told while it ran. */
  readonly told: readonly Notice[];
}

/**
 * Makes a job of a whole run.
 *
 * @param options The run, whose model has been read. Callbacks, and where its state is kept, stay behind; what it reads
 * becomes blobs.
 * @param blobs Where the model goes.
 * @returns The job; what it gives is a {@link RunOutput}.
 * @throws {InputError} When images or a teacher are in memory, statistics are to be written, latencies are kept in a file,
 * or blobs cannot be written.
 */
export async function runJob(
  options: PruneNetworkOptions & { readonly model: ModelFile },
  blobs: BlobStore,
): Promise<Job<RunInput>> {
  const { model, data, workers: _1, onProgress: _2, signal: _3, checkpoint: _4, ...rest } = options;
  const { resume: _5, onNotice: _6, onForecast: _7, statistics, ...plain } = rest;
  refuseLatencyTable(plain);
  const { run, teacher } = await withoutTeacher(plain);
  const place = placeOf(data);
  const content = await fingerprint({ model, data: place, preprocessing: plain.preprocessing });
  const input = {
    options: run,
    model: await putModel(model, blobs),
    data: place,
    content,
    ...(teacher && { teacher: await putModel(teacher, blobs) }),
    ...(statistics !== undefined && { statistics: await putStatistics(statistics, blobs) }),
  };
  const { statistics: read, teacher: imitated } = input;
  const substance = [run, content, ...(imitated || read ? [imitated, read?.blob] : [])];
  const key = createHash("sha256").update(JSON.stringify(substance)).digest("hex");
  return { kind: "run", key, input };
}

/** Workers read no paths of jobs: a teacher on disk is read here. */
async function withoutTeacher(
  run: RunOptions,
): Promise<{ run: RunOptions; teacher?: ModelFile }> {
  const { teacher, ...tuning } = run.tuning ?? {};
  if (teacher === undefined || teacher === "original") return { run };
  if (typeof teacher === "object") {
    throw new InputError(
      "having a run done elsewhere: found a teacher in memory, wanted its path; give the path",
    );
  }
  return { run: { ...run, tuning }, teacher: await resolveModel(teacher) };
}

function refuseLatencyTable({ policy }: RunOptions): void {
  if (policy === undefined || !("latencyTable" in policy)) return;
  if (policy.latencyTable === undefined) return;
  throw new InputError([
    `having a run done elsewhere: found ${policy.latencyTable} for latencies, wanted none, every worker ` +
    "measures its own; leave ",
    option("latencyTable"),
    " out",
  ]);
}

async function putStatistics(
  file: string,
  blobs: BlobStore,
): Promise<{ blob: string; file: string }> {
  if (await statFile(file) !== undefined) return { blob: await blobs.putFile(file), file };
  throw new InputError([
    `having a run done elsewhere: found no statistics in ${file}, wanted those of the original network; ` +
    "gather them with `calibrate` first, or leave ",
    option("statistics"),
    " out",
  ]);
}

/**
 * Reads what came of a run.
 *
 * @param output What its job gave.
 * @param blobs Where the model is.
 * @param onNotice Is told now what there was to tell while it ran.
 */
export async function readRun(
  { model, told, ...rest }: RunOutput,
  blobs: BlobStore,
  onNotice?: PruneNetworkOptions["onNotice"],
): Promise<PruneResult> {
  for (const notice of told) onNotice?.(notice);
  return { ...rest, file: await getModel(model, blobs) };
}

/** The handler of whole runs, whose inputs have been checked. */
export const RUN_HANDLERS: JobHandlers<WorkerResources> = {
  run: async (resources, input: RunInput, { onProgress }): Promise<RunOutput> => {
    const told: Notice[] = [];
    const { file, report, ...rest } = await pruneNetwork({
      ...await openRun(input, resources),
      workers: resources.threads,
      onProgress: ({ done, total }) => onProgress(total > 0 ? done / total : 0),
      onNotice: (notice) => void told.push(notice),
    });
    const statistics = report.statistics && input.statistics &&
      { ...report.statistics, file: input.statistics.file };
    return {
      ...rest,
      report: { ...report, ...(statistics && { statistics }) },
      model: await putModel(file, resources.blobs),
      told,
    };
  },
};

/** The options of a run, with what it reads as this worker has it. */
async function openRun(
  { options, model, data, content, teacher, statistics }: RunInput,
  { blobs, dataFolder }: WorkerResources,
): Promise<PruneNetworkOptions> {
  return await orRefuse(async () => {
    const found = { model: await getModel(model, blobs), data: await findData(data, dataFolder) };
    const { preprocessing } = options;
    requireSame(await fingerprint({ ...found, preprocessing }), content, found.data);
    return {
      ...options,
      ...found,
      ...(teacher && { tuning: { ...options.tuning, teacher: await getModel(teacher, blobs) } }),
      ...(statistics && { statistics: await blobs.fetch(statistics.blob) }),
    };
  });
}
