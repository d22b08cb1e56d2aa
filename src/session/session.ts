import { InputError } from "../errors.ts";
import { openModel } from "../formats/mod.ts";
import { inlineModels, type Network, openNetwork, pinInputSize } from "../graph/mod.ts";
import {
  disposeModel,
  type ModelFile,
  readPreprocessing,
  writePreprocessing,
} from "../model/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { Crew } from "../parallel/mod.ts";
import type { DataOptions, ProgressListener } from "./options.ts";

/** A model with its data, opened on all workers. */
export interface Session extends Pick<Network, "graph"> {
  /** The model as it was read; its metadata states the preprocessing that is used. */
  readonly original: ModelFile;
  /** The same with a fixed input size. */
  readonly file: ModelFile;
  /** The workers. */
  readonly crew: Crew;
  /** Stops the workers. */
  close(): Promise<void>;
}

/** Reads a model unless it has been read already, and takes nested models apart. */
export async function resolveModel(model: string | ModelFile): Promise<ModelFile> {
  return inlineModels(typeof model === "string" ? await openModel(model) : model);
}

/**
 * Opens a model and its data.
 *
 * @param options Model, data and preprocessing.
 * @returns The session.
 * @throws {InputError} When model or data cannot be read or do not fit each other.
 */
export async function openSession(options: DataOptions): Promise<Session> {
  const read = await resolveModel(options.model);
  const preprocessing = readPreprocessing(read, options.preprocessing);
  const original = { ...read, metadata: writePreprocessing(read.metadata, preprocessing) };
  const file = pinInputSize(original, preprocessing.inputSize);
  await startBackend();
  const { model, graph } = await openNetwork(file);
  const { inputs, outputs } = model;
  disposeModel(model);
  if (inputs.length > 1 || outputs.length > 1) {
    const found = `${inputs.length} inputs and ${outputs.length}`;
    throw new InputError(`reading ${file.path}: found ${found} outputs, wanted one of each`);
  }
  const [{ shape }] = outputs;
  if (shape.length !== 2) {
    throw new InputError(
      `reading ${file.path}: found an output of rank ${shape.length}, wanted a score per class`,
    );
  }
  const crew = await Crew.open({
    data: options.data,
    preprocessing,
    outputs: shape[1]!,
    badImageShare: options.badImageShare ?? 0.01,
  }, options.workers ?? navigator.hardwareConcurrency);
  return { graph, original, file, crew, close: () => crew.close() };
}

/** A stretch of work whose batches are counted. */
export interface TrackedStage {
  /** What is being done. */
  readonly stage: string;
  /** What of it, such as a layer's name. */
  readonly detail?: string;
  /** Batches of the stage that were done before. */
  readonly done?: number;
  /** Batches of the whole stage, on this thread. */
  readonly total: number;
}

/**
 * Reports the batches of a stage. All workers have equal shares, so this thread's stand for all.
 *
 * @param session The session.
 * @param tracked The stage.
 * @param listener Who is told.
 */
export function trackBatches(
  { crew }: Pick<Session, "crew">,
  { stage, detail, done = 0, total }: TrackedStage,
  listener: ProgressListener = () => {},
): void {
  const tell = () => listener({ stage, detail, done: Math.min(done, total), total });
  tell();
  crew.local.onBatch = () => {
    done++;
    tell();
  };
}

/** Batches of some images that fall to this thread. */
export function batchesOfThread(
  { crew }: Pick<Session, "crew">,
  images: number,
  batchSize: number,
): number {
  return Math.ceil(images / crew.size / batchSize);
}
