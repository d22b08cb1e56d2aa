import type * as tf from "@tensorflow/tfjs";
import { availableParallelism } from "node:os";
import { type Notice, option } from "../base/mod.ts";
import type { Dataset } from "../data/mod.ts";
import type { ObjectiveSpec } from "../execution/mod.ts";
import { activationBytes, type Network, openNetwork, pinInputSize } from "../graph/mod.ts";
import {
  disposeModel,
  type InputPreparation,
  type ModelFile,
  noteOnTail,
  type Preprocessing,
  readPreprocessing,
  reasonInTail,
  requireFiniteWeights,
  shareWeights,
  writePreprocessing,
} from "../model/mod.ts";
import { giveBack, startBackend } from "../kernels/mod.ts";
import { type Content, identifyContent } from "./content.ts";
import { WorkerPool } from "./workers/worker_pool.ts";
import type { DataOptions, ProgressListener } from "./options.ts";
import { resolveModel } from "./resolve_model.ts";
import { sizeFromData } from "./sized_model.ts";

/** A model with its data, opened on all workers. */
export interface Session extends Pick<Network, "graph"> {
  /** The model as it was read; its metadata states the preprocessing that is used. */
  readonly original: ModelFile;
  /** The same with a fixed input size. */
  readonly file: ModelFile;
  /** What its inputs read. */
  readonly inputs: readonly InputPreparation[];
  /** The workers. */
  readonly pool: WorkerPool;
  /** What networks are measured by, when they are. */
  readonly objective?: ObjectiveSpec;
  /** What is worth knowing about the data. */
  readonly notices: readonly Notice[];
  /** Why images are not classified but outputs compared, when they are. */
  readonly unlabeled?: string;
  /** What model and images are, by content; found out when it is first asked for. */
  content(): Promise<Content>;
  /** Stops the workers. */
  close(): Promise<void>;
}

/** A model as it is read for its data. */
export interface ModelSource extends Pick<Session, "original" | "file"> {
  /** What its inputs read, and its classes. */
  readonly preprocessing: Preprocessing;
  /** Height and width of the data's images, where the model leaves its own open and nobody says any. */
  readonly sizeOfImages?: readonly [height: number, width: number];
}

/**
 * What outputs are compared with where images are not classified.
 *
 * @param file The model of the session.
 * @param why Why images are not classified.
 * @returns The reference, a model that reads the same images; undefined when nothing will be measured.
 * @throws {InputError} When there is none.
 */
export type ReferenceChoice = (
  file: ModelFile,
  why: string,
) => ModelFile | undefined | Promise<ModelFile | undefined>;

/**
 * Opens a model and its data.
 *
 * @param options Model, data and preprocessing.
 * @param chooseReference What outputs are compared with where images are not classified.
 * @returns The session.
 * @throws {InputError} When model or data cannot be read or do not fit each other.
 */
export async function openSession(
  options: DataOptions,
  chooseReference: ReferenceChoice,
): Promise<Session> {
  const workers = options.workers ?? availableParallelism();
  const source = await readSource(options, workers > 1);
  const { original: read, file: pinned, preprocessing, sizeOfImages } = source;
  requireFiniteWeights(read, `opening ${read.path}`);
  const { inputs } = preprocessing;
  await startBackend();
  const { model, graph } = await openNetwork(pinned);
  const { outputs } = model;
  disposeModel(model);
  const whyNoClasses = reasonAgainstClasses(outputs, options) ?? reasonInTail(read);
  const pool = await WorkerPool.open({
    data: options.data,
    preprocessing,
    outputs: whyNoClasses ? undefined : outputs[0].shape[1]!,
    badImageShare: options.badImageShare ?? 0.01,
    imageBytes: activationBytes(graph),
  }, workers);
  try {
    const { dataset } = pool.local;
    const metadata = writePreprocessing(read.metadata, usedPreprocessing(preprocessing, dataset));
    const [original, file] = [{ ...read, metadata }, { ...pinned, metadata }];
    const { classes } = options.preprocessing ?? {};
    const tail = noteOnTail(read);
    const notices: Notice[] = [
      ...tail === undefined ? [] : [tail],
      ...classes ? [] : read.classNotices ?? [],
      ...sizeOfImages ? [noteOnSize(sizeOfImages)] : [],
      ...dataset.notices,
    ];
    for (const notice of notices) options.onNotice?.(notice);
    const unlabeled = whyNoClasses ?? reasonInData(dataset);
    const objective = await chooseObjective(file, unlabeled, chooseReference);
    if (objective) await pool.setObjective(objective);
    let known: Promise<Content> | undefined;
    const content = () => known ??= identifyContent(file, pool.local.dataset.train);
    const close = () => pool.close();
    return { graph, original, file, inputs, pool, objective, notices, unlabeled, content, close };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function noteOnSize(size: readonly [height: number, width: number]): Notice {
  return [
    `the model leaves the size of its images open; it is used for ${size.join("×")}, which the ` +
    "images of the data set have; for another one, give ",
    option("inputSize"),
  ];
}

/** Preprocessing as a model states it: that floats are prepared is said where the data has floats. */
function usedPreprocessing(
  { inputs, ...others }: Preprocessing,
  { train }: Pick<Dataset, "train">,
): Preprocessing {
  const values = train.allocate();
  const used = inputs.map(({ preparesFloats, ...input }, index) => ({
    ...input,
    ...(preparesFloats && values[index] instanceof Float32Array && { preparesFloats }),
  }));
  return { ...others, inputs: used };
}

/**
 * Reads a model for its data.
 *
 * @param options The model, its data, and what flags say about preprocessing.
 * @param isShared Whether threads will share its weights. Default false.
 * @returns The model, with a fixed input size too.
 * @throws {InputError} When it cannot be read.
 */
export async function readSource(
  options: Pick<DataOptions, "model" | "data" | "preprocessing">,
  isShared = false,
): Promise<ModelSource> {
  const resolved = await resolveModel(options.model);
  const read = isShared ? shareWeights(resolved) : resolved;
  // A model that was read here is nobody else's: its weights are not to wait for the collector.
  if (isShared && typeof options.model === "string") {
    giveBack([...resolved.weights.values()].map(({ values }) => values));
  }
  const sizeOfImages = await sizeFromData(read, options);
  const preprocessing = readPreprocessing(read, {
    ...options.preprocessing,
    ...(sizeOfImages && { inputSize: sizeOfImages }),
  });
  const sizes = new Map(preprocessing.inputs.map(({ name, shape }) => [name, shape]));
  return { original: read, file: pinInputSize(read, sizes), preprocessing, sizeOfImages };
}

/** Why a model cannot be measured by right answers; undefined when it can. */
function reasonAgainstClasses(
  outputs: readonly tf.SymbolicTensor[],
  { labels }: DataOptions,
): string | undefined {
  const [{ shape }, ...others] = outputs;
  if (labels === false) return "labels are not to be used";
  if (others.length > 0) return `the model has ${outputs.length} outputs`;
  if (shape.length !== 2) return `the model's output has rank ${shape.length}`;
  return shape[1] === 1 ? "the model's output is one number" : undefined;
}

function reasonInData({ classes, whyNoClasses }: Dataset): string | undefined {
  if (classes) return undefined;
  const reason = "the images have no classes";
  return whyNoClasses === undefined ? reason : `${reason} (${whyNoClasses})`;
}

async function chooseObjective(
  file: ModelFile,
  unlabeled: string | undefined,
  chooseReference: ReferenceChoice,
): Promise<ObjectiveSpec | undefined> {
  if (unlabeled === undefined) return { kind: "classification" };
  const reference = await chooseReference(file, unlabeled);
  return reference && { kind: "outputError", reference };
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
 * @param listener The callbacks.
 */
export function trackBatches(
  { pool }: Pick<Session, "pool">,
  { stage, detail, done = 0, total }: TrackedStage,
  listener: ProgressListener = () => {},
): void {
  const tell = () => listener({ stage, detail, done: Math.min(done, total), total });
  tell();
  pool.local.onBatch = () => {
    done++;
    tell();
  };
}

/** Batches of some images that fall to this thread. */
export function batchesOfThread(
  { pool }: Pick<Session, "pool">,
  images: number,
  batchSize: number,
): number {
  return Math.ceil(images / pool.size / pool.batchSizeFor(batchSize));
}
