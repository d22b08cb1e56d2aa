import { describeDataset } from "../data/mod.ts";
import { type Message, option } from "../base/mod.ts";
import { unpinInputSize, writeGraph } from "../graph/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { type ModelFile, type PixelTransform, writePreprocessing } from "../model/mod.ts";
import {
  buildNetwork,
  type EpochReport,
  forecastTuning,
  nameState,
  openTeacher,
  prepareTuning,
  settleTuning,
  TRAINING_DEFAULTS,
  TUNING_DEFAULTS,
  type TuningForecast,
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
  noticeOfChance,
  openSession,
  type Session,
  tellForecast,
  type TestAnswers,
  wholeSplit,
} from "../session/mod.ts";

/** Options of {@link finetune}. */
export interface FinetuneOptions extends DataOptions, Partial<TuningOptions> {
  /**
   * A network whose answers are imitated, as a model or its path (distillation: Hinton et al. 2015, arXiv 1503.02531,
   * section 2). Default: none; images or a model without classes need one.
   */
  readonly teacher?: string | ModelFile;
  /** Folder in which the state of the run is kept, after every epoch and when `signal` ends the run. */
  readonly checkpoint?: string;
  /** Whether the run continues from the checkpoint. Default false. */
  readonly resume?: boolean;
  /** Ends the run after the training step in hand when it is aborted; the report then says `interrupted`. */
  readonly signal?: AbortSignal;
  /** Called before the work begins with what will be done and about how long that takes, for which some images are timed. */
  readonly onForecast?: (forecast: TuningForecast) => void;
  /** Called after every epoch. */
  readonly onEpoch?: (epoch: EpochReport) => void;
}

/** Options of {@link train}. */
export interface TrainOptions extends Omit<FinetuneOptions, "model" | "preprocessing"> {
  /** Name of the network: one of {@link networkNames}, or `resnetN` with N = 6n + 2. */
  readonly net: string;
  /** Height and width of its input in pixels. Default: those of the data set's first image. */
  readonly inputSize?: readonly [number, number];
  /** Called with the new network before it is trained; what it throws ends the run. */
  readonly onNetwork?: (network: ModelFile) => void | Promise<void>;
}

/** A trained model and figures of the run. */
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
 * Trains a new network on a data set. The test split is used only for the figures before and after.
 *
 * @param options Network, data and settings.
 * @returns The trained model and the figures of the run.
 * @throws {InputError} When the data cannot be used, or the loss becomes NaN or infinite.
 * @throws {UsageError} When there is no such network.
 * @throws {WorkerError} When a thread is lost; the last checkpoint is kept.
 *
 * @example Train a small network
 * ```ts
 * import { train } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { file, report } = await train({
 *   net: "resnet8",
 *   data: "cli/example/fashion-mnist",
 *   epochs: 0.05,
 *   validationImages: 0,
 * });
 * assert.equal(report.epochs.length, 1);
 * assert.deepEqual(file.weights.get("dense/kernel")!.shape, [64, 10]);
 * ```
 */
export async function train(options: TrainOptions): Promise<TuningOutcome> {
  const { net, inputSize, onNetwork, ...rest } = options;
  await startBackend();
  const { classes, shape } = await describeDataset(options.data);
  const [height, width] = inputSize ?? [shape.height, shape.width];
  const inputShape = [height, width, shape.channels] as const;
  const { seed = TRAINING_DEFAULTS.seed } = rest;
  const built = await buildNetwork(net, { inputShape, classes: classes.length }, seed);
  await onNetwork?.(built);
  const transform: PixelTransform = {
    scale: 1,
    mean: new Array(shape.channels).fill(MEAN),
    std: new Array(shape.channels).fill(STD),
    channelOrder: "rgb",
  };
  const preprocessing = { inputs: [{ name: net, shape: inputShape, transform }], classes };
  const metadata = writePreprocessing(built.metadata, preprocessing);
  return await tuneModel(
    { ...rest, model: { ...built, metadata } },
    { isNew: true, defaults: TRAINING_DEFAULTS, identity: { net } },
  );
}

/**
 * Continues to train a model, with another one as teacher if one is given: a pruned model with the original, for
 * example. Where images or model have no classes, the squared error towards the teacher's outputs is minimized, and the
 * relative error against them is measured. The test split is used only for the figures before and after.
 *
 * @param options Model, data and settings.
 * @returns The model with the weights that were best on held-out training images, and the figures of the run.
 * @throws {InputError} When model or data cannot be used, a checkpoint does not fit, or the loss becomes NaN or
 * infinite.
 * @throws {WorkerError} When a thread is lost; the last checkpoint is kept.
 *
 * @example Go on training with small steps
 * ```ts
 * import { finetune } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { report } = await finetune({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   epochs: 0.05,
 *   learningRate: 1e-4,
 *   validationImages: 0,
 * });
 * assert.ok(report.accuracy!.after > 0.9);
 * ```
 */
export async function finetune(options: FinetuneOptions): Promise<TuningOutcome> {
  return await tuneModel(options, { isNew: false, defaults: TUNING_DEFAULTS });
}

/** What to do where there are no classes to learn. */
const ADVICE: Message = ["give a model whose outputs are imitated, with ", option("teacher")];

/** What is known of a tuning beside its options. */
interface Origin {
  /** A new network knows nothing yet, and nothing is said of that. */
  readonly isNew: boolean;
  /** What is used where an option is not given. */
  readonly defaults: TuningOptions;
  /** What the run is by, beside its settings. */
  readonly identity?: object;
}

async function tuneModel(options: FinetuneOptions, origin: Origin): Promise<TuningOutcome> {
  const start = performance.now();
  const { checkpoint, resume = false, signal, onProgress, onEpoch } = options;
  let opened: ModelFile | undefined;
  const open = async (file: ModelFile, unlabeled?: string) =>
    opened ??= await openTeacher(options.teacher, file, { unlabeled, advice: ADVICE });
  const session = await openSession(options, open);
  try {
    const teacher = await open(session.file);
    const { length } = session.pool.local.dataset.train;
    const settings = settleTuning(options, length, origin.defaults);
    const place = checkpoint === undefined ? undefined : {
      folder: checkpoint,
      identity: await identifyRun(session, { ...origin.identity, ...settings }, teacher),
      resume,
    };
    const plan = { options: settings, teacher, place, signal, onProgress, onEpoch };
    const outcome = await tuneSession(session, { ...options, isNew: origin.isNew }, plan)
      .catch(async (error) => {
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
  options: DataOptions & Pick<FinetuneOptions, "onForecast"> & Pick<Origin, "isNew">,
  plan: TuningPlan,
): Promise<Omit<TuningOutcome, "report"> & { report: Omit<TuningReport, "seconds"> }> {
  const { file, graph } = session;
  const { epochsDone, tune } = await prepareTuning(session, plan);
  await tellForecast(options.onForecast, () => forecastTuning(session, plan, epochsDone));
  const test = wholeSplit(session, "test", options);
  const before = await evaluateOn(session, file, test, options, "evaluating before");
  const chance = options.isNew ? [] : noticeOfChance(session, before, "test");
  for (const notice of chance) options.onNotice?.(notice);
  const tuned = await tune(graph);
  const written = writeGraph(tuned.graph, file);
  const after = tuned.interrupted
    ? before
    : await evaluateOn(session, written, test, options, "evaluating after");
  const { validationAccuracy, validationOutputError, bestEpoch } = tuned;
  const report = {
    ...compareFigures(before, after),
    ...(validationAccuracy !== undefined && { validationAccuracy }),
    ...(validationOutputError !== undefined && { validationOutputError }),
    ...(bestEpoch !== undefined && { bestEpoch }),
    epochs: tuned.history,
    interrupted: tuned.interrupted,
    seed: plan.options.seed,
    workers: session.pool.size,
    notices: [...session.notices, ...chance],
  };
  const answers = await compareAnswers(session, before, after);
  return { file: unpinInputSize(written, session.original), report, answers };
}
