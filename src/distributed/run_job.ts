import { createHash } from "node:crypto";
import { InputError, type Job, type JobHandlers } from "../base/mod.ts";
import { fingerprint, type Fingerprints } from "../session/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { ModelFile } from "../model/mod.ts";
import { pruneNetwork, type PruneNetworkOptions, type PruneResult } from "../pruning/mod.ts";
import {
  findData,
  getModel,
  orRefuse,
  placeOf,
  putModel,
  requireSame,
  type WorkerResources,
} from "./source_spec.ts";

/** What a run is given that has nothing to do with where it is done. */
export type RunOptions = Omit<PruneNetworkOptions, keyof RunPlace>;

/** What belongs to the place of a run: its callbacks, its state, its threads. */
type RunPlace = Pick<
  PruneNetworkOptions,
  "model" | "data" | "workers" | "onProgress" | "signal" | "checkpoint" | "resume"
>;

/** A whole run, as it goes through the queue. */
export interface RunInput {
  /** What it is given. */
  readonly options: RunOptions;
  /** Blobs of the files of the model, by name. */
  readonly model: Readonly<Record<string, string>>;
  /** Folder or file of the data set, where the driver has it. */
  readonly data: string;
  /** Model and images by their content. */
  readonly content: Fingerprints;
}

/** What came of a run, as it goes through the queue. */
export interface RunOutput extends Omit<PruneResult, "file"> {
  /** Blobs of the files of the smaller model, by name. */
  readonly model: Readonly<Record<string, string>>;
}

/**
 * Makes a job of a whole run.
 *
 * @param options The run, whose model has been read. Callbacks, and where its state is kept, stay behind.
 * @param blobs Where the model goes.
 * @returns The job; what it gives is a {@link RunOutput}.
 * @throws {InputError} When images or a teacher are in memory, or blobs cannot be written.
 */
export async function runJob(
  options: PruneNetworkOptions & { readonly model: ModelFile },
  blobs: BlobStore,
): Promise<Job<RunInput>> {
  const { model, data, workers: _1, onProgress: _2, signal: _3, checkpoint: _4, ...rest } = options;
  const { resume: _5, ...plain } = rest;
  if (typeof plain.tuning?.teacher === "object") {
    throw new InputError(
      "having a run done elsewhere: found a teacher in memory, wanted its path; give the path",
    );
  }
  const place = placeOf(data);
  const content = await fingerprint({ model, data: place, preprocessing: plain.preprocessing });
  const key = createHash("sha256").update(JSON.stringify([plain, content])).digest("hex");
  const input = { options: plain, model: await putModel(model, blobs), data: place, content };
  return { kind: "run", key, input };
}

/** Reads what came of a run. */
export async function readRun(
  { model, ...rest }: RunOutput,
  blobs: BlobStore,
): Promise<PruneResult> {
  return { ...rest, file: await getModel(model, blobs) };
}

/** Who does whole runs. */
export const RUN_HANDLERS: JobHandlers<WorkerResources> = {
  run: async (resources, input: RunInput, { onProgress }): Promise<RunOutput> => {
    const { options, content } = input;
    const { model, data } = await orRefuse(async () => {
      const found = {
        model: await getModel(input.model, resources.blobs),
        data: await findData(input.data, resources.dataFolder),
      };
      const { preprocessing } = options;
      requireSame(await fingerprint({ ...found, preprocessing }), content, found.data);
      return found;
    });
    const { file, ...rest } = await pruneNetwork({
      ...options,
      model,
      data,
      workers: resources.threads,
      onProgress: ({ done, total }) => onProgress(total > 0 ? done / total : 0),
    });
    return { ...rest, model: await putModel(file, resources.blobs) };
  },
};
