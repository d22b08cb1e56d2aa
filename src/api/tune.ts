import { describeDataset } from "../data/mod.ts";
import { unpinInputSize, writeGraph } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { type ModelFile, type PixelTransform, writePreprocessing } from "../model/mod.ts";
import {
  buildNetwork,
  type EpochReport,
  nameState,
  openTeacher,
  pickTuningOptions,
  prepareTuning,
  TRAINING_DEFAULTS,
  type TuningOptions,
  type TuningPlan,
  type TuningReport,
} from "../tuning/mod.ts";
import {
  compareAnswers,
  compareFigures,
  type DataOptions,
  evaluateOn,
  identifyRun,
  openSession,
  type Session,
  type TestAnswers,
  wholeSplit,
} from "../session/mod.ts";

/** Options of {@link finetune}. */
export interface FinetuneOptions extends DataOptions, Partial<TuningOptions> {
  /** The network that is imitated (distillation), as a model or where it is. */
  readonly teacher?: string | ModelFile;
  /** Folder in which the state of the run is kept after every epoch and at an interrupt. */
  readonly checkpoint?: string;
  /** Go on from the checkpoint. */
  readonly resume?: boolean;
  /** Raised to end the run in good order. */
  readonly signal?: AbortSignal;
  /** Told of every finished epoch. */
  readonly onEpoch?: (epoch: EpochReport) => void;
}

/** Options of {@link train}. */
export interface TrainOptions extends Omit<FinetuneOptions, "model" | "preprocessing"> {
  /** Name of the network: `resnet20`, `vgg16-cifar`, `mobilenet-v1` … */
  readonly net: string;
  /** Height and width of its input. Default: those of the data set's first image. */
  readonly inputSize?: readonly [number, number];
}

/** A trained model and what was found on the way. */
export interface TuningOutcome {
  /** The model with the best weights. */
  readonly file: ModelFile;
  /** Figures of the run. */
  readonly report: TuningReport;
  /** Answers to the test images, before and after; absent where outputs are compared. */
  readonly answers?: TestAnswers;
}

/** Bytes are brought to about −1 … 1. */
const [MEAN, STD] = [127.5, 63.75];

/**
 * Trains a new network on a data set. The test split serves the final accuracy alone.
 *
 * @param options Network, data and settings.
 * @returns The trained model and the figures of the run.
 * @throws {InputError} When the data cannot be used, or the loss is no number any more.
 * @throws {UsageError} When there is no such network.
 * @throws {WorkerError} When a thread is lost; the last checkpoint is kept.
 */
export async function train(options: TrainOptions): Promise<TuningOutcome> {
  const { net, inputSize, ...rest } = options;
  const settings = pickTuningOptions(rest, TRAINING_DEFAULTS);
  await startBackend();
  const { classes, shape } = await describeDataset(options.data);
  const [height, width] = inputSize ?? [shape.height, shape.width];
  const inputShape = [height, width, shape.channels] as const;
  const built = await buildNetwork(net, { inputShape, classes: classes.length }, settings.seed);
  const transform: PixelTransform = {
    scale: 1,
    mean: new Array(shape.channels).fill(MEAN),
    std: new Array(shape.channels).fill(STD),
    channelOrder: "rgb",
  };
  const preprocessing = { inputs: [{ name: net, shape: inputShape, transform }], classes };
  const metadata = writePreprocessing(built.metadata, preprocessing);
  return await tuneModel({ ...rest, ...settings, model: { ...built, metadata } }, { net });
}

/**
 * Goes on training a model, with the unpruned one as teacher if there is one. Where images or model have no classes the
 * squared error towards the teacher's outputs is minimised, and the relative error against them measured.
 *
 * @param options Model, data and settings.
 * @returns The tuned model (the best weights on held-out training images) and the figures of the run.
 * @throws {InputError} When model or data cannot be used, a checkpoint does not fit, or the loss is no number any more.
 * @throws {WorkerError} When a thread is lost; the last checkpoint is kept.
 */
export async function finetune(options: FinetuneOptions): Promise<TuningOutcome> {
  return await tuneModel(options);
}

/** What to do where there are no classes to learn. */
const ADVICE = "give a model whose outputs are imitated, with --teacher";

/** @param more What the run is by, beside its settings. */
async function tuneModel(options: FinetuneOptions, more: object = {}): Promise<TuningOutcome> {
  const start = performance.now();
  const { checkpoint, resume = false, signal, onProgress, onEpoch } = options;
  let opened: ModelFile | undefined;
  const open = async (file: ModelFile, unlabeled?: string) =>
    opened ??= await openTeacher(options.teacher, file, { unlabeled, advice: ADVICE });
  const session = await openSession(options, open);
  try {
    const teacher = await open(session.file);
    const settings = pickTuningOptions(options);
    const place = checkpoint === undefined ? undefined : {
      folder: checkpoint,
      identity: await identifyRun(session, { ...more, ...settings }, teacher),
      resume,
    };
    const plan = { options: settings, teacher, place, signal, onProgress, onEpoch };
    const outcome = await tuneSession(session, options, plan).catch(async (error) => {
      throw await nameState(error, place);
    });
    const seconds = (performance.now() - start) / 1000;
    return { ...outcome, report: { ...outcome.report, seconds } };
  } finally {
    await session.close();
  }
}

/** Measures, tunes and measures again; the seconds are not known yet. */
async function tuneSession(
  session: Session,
  options: DataOptions,
  plan: TuningPlan,
): Promise<Omit<TuningOutcome, "report"> & { report: Omit<TuningReport, "seconds"> }> {
  const { file, graph } = session;
  const tune = await prepareTuning(session, plan);
  const test = wholeSplit(session, "test", options);
  const before = await evaluateOn(session, file, test, options, "evaluating before");
  const tuned = await tune(graph);
  const written = writeGraph(tuned.graph, file);
  const after = tuned.interrupted
    ? before
    : await evaluateOn(session, written, test, options, "evaluating after");
  const { validationAccuracy, validationOutputError } = tuned;
  const report = {
    ...compareFigures(before, after),
    ...(validationAccuracy !== undefined && { validationAccuracy }),
    ...(validationOutputError !== undefined && { validationOutputError }),
    epochs: tuned.history,
    interrupted: tuned.interrupted,
    seed: plan.options.seed,
    workers: session.pool.size,
  };
  const answers = await compareAnswers(session, before, after);
  return { file: unpinInputSize(written, session.original), report, answers };
}
