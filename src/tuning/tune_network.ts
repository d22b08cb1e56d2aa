import { anyOf, createRandom, InputError, shuffledIndices } from "../base/mod.ts";
import { type LayerGraph, nodesByKey, writeGraph } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import {
  addStepSums,
  type Figures,
  givesProbabilities,
  layOutParameters,
  learningRateAt,
  type LossSpec,
  Optimizer,
  packParameters,
  type ParameterLayout,
  type StepSums,
  unpackParameters,
} from "../execution/mod.ts";
import type { ProgressListener, Session } from "../session/mod.ts";
import type { EpochReport, TuningOptions, ValidationFigures } from "./options.ts";
import { damagedState } from "./state_folder.ts";

/** Everything a run needs to go on as if it had not been interrupted. */
export interface Checkpoint {
  /** Steps done. */
  readonly step: number;
  /** Epochs done. */
  readonly history: readonly EpochReport[];
  /** Sums of the epoch under way. */
  readonly running: StepSums;
  /** Flat weights. */
  readonly weights: Float32Array;
  /** State of the optimizer. */
  readonly optimizer: Float32Array;
  /** The best weights so far, what they reach on the held-out images, and after which epoch; 0 are those it began with. */
  readonly best?: {
    readonly figures: Figures;
    readonly weights: Float32Array;
    readonly epoch: number;
  };
  /** What the weights that it began with reach on the held-out images. */
  readonly start?: Figures;
}

/** What a run is given beside its options. */
export interface TuningHooks {
  /** The network that is imitated. */
  readonly teacher?: ModelFile;
  /**
   * Whether the teacher alone is learned from, and the figures that choose are losses. Default: only where there are no
   * classes.
   */
  readonly imitates?: boolean;
  /** Whether BatchNormalization keeps its mean and variance. Default: it uses each batch's, and its own follow. */
  readonly freezesStatistics?: boolean;
  /** In how many ways an image is shifted and mirrored. Default: in another one in every epoch. */
  readonly versions?: number;
  /** Training images that are learned from, and those that choose. Default: as the options say, from the seed. */
  readonly images?: { readonly training: Int32Array; readonly validation: Int32Array };
  /** Passes over the training images between two looks at those that choose. Default 1. */
  readonly validateEvery?: number;
  /** Elements of kernels that are zero and stay so, by key of the layer: 1. */
  readonly zeros?: ReadonlyMap<string, Uint8Array>;
  /** What to go on from, and the folder that it was read from. */
  readonly resumeFrom?: Checkpoint & { readonly folder: string };
  /** Aborts the run early, after the current step. */
  readonly signal?: AbortSignal;
  /** Called with progress. */
  readonly onProgress?: ProgressListener;
  /** Called with every finished epoch. */
  readonly onEpoch?: (epoch: EpochReport) => void;
  /** Keeps the state of the run, at the end of every epoch and at an interrupt. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => Promise<void>;
}

/** What a run gives, and what its weights reach on the held-out images. */
export interface TuningResult extends ValidationFigures {
  /** The network with the best weights (the last ones, without validation). */
  readonly graph: LayerGraph;
  /** Its epochs. */
  readonly history: readonly EpochReport[];
  /** After which epoch the weights were best on the held-out images; 0: they are those it began with. */
  readonly bestEpoch?: number;
  /** What the weights that it began with reach on the held-out images. */
  readonly start?: ValidationFigures;
  /** Whether the signal ended the run. */
  readonly interrupted: boolean;
}

/** Moving statistics among flat weights. */
interface MovingStatistics {
  readonly offset: number;
  readonly length: number;
  /** Share of them that stays in a step. */
  readonly momentum: number;
}

const NOTHING: StepSums = { loss: 0, correct: 0, images: 0 };

/** Training images that tell how much every output varies. */
const VARIANCE_IMAGES = 1000;

/** A training loop over a session's workers. */
class Tuning {
  readonly #session: Session;
  readonly #graph: LayerGraph;
  readonly #options: TuningOptions;
  readonly #hooks: TuningHooks;
  readonly #layout: ParameterLayout;
  readonly #training: Int32Array;
  readonly #validation: Int32Array;
  readonly #gradients: Float32Array;
  /** Places in the flat weights that stay zero. */
  readonly #zeros: Int32Array;
  /** Where the flat weights have moving statistics. */
  readonly #statistics: readonly MovingStatistics[];
  #weights = new Float32Array(0);
  #optimizer: Optimizer;
  #step = 0;
  #history: EpochReport[] = [];
  #running = NOTHING;
  #best: Checkpoint["best"];
  #start: Figures | undefined;

  constructor(session: Session, graph: LayerGraph, options: TuningOptions, hooks: TuningHooks) {
    this.#session = session;
    this.#graph = graph;
    this.#options = options;
    this.#hooks = hooks;
    this.#layout = layOutParameters(graph);
    this.#gradients = new Float32Array(this.#layout.length);
    const { training, validation } = hooks.images ?? drawImages(session, options);
    this.#validation = validation;
    this.#training = training;
    this.#zeros = placesOf(this.#layout, hooks.zeros);
    this.#statistics = movingStatistics(graph, this.#layout);
    this.#optimizer = new Optimizer(this.#layout, options);
  }

  /** The last incomplete batch of an epoch is left out. */
  get #stepsPerEpoch(): number {
    return Math.floor(this.#training.length / this.#options.batchSize);
  }

  /** Part of an epoch is a share of its steps. */
  get #totalSteps(): number {
    return Math.max(1, Math.round(this.#options.epochs * this.#stepsPerEpoch));
  }

  async run(): Promise<TuningResult> {
    const { pool, file } = this.#session;
    const { teacher, signal, resumeFrom, freezesStatistics, versions } = this.#hooks;
    const { seed, shift, flip } = this.#options;
    this.#weights = await pool.startTraining({
      file: writeGraph(this.#graph, file),
      teacher,
      loss: await this.#chooseLoss(),
      freezesStatistics,
      augmentation: { shift, flip, versions },
      seed,
    }, this.#layout.length) as Float32Array<ArrayBuffer>;
    packParameters(this.#graph, this.#layout, this.#weights);
    if (resumeFrom) this.#restore(resumeFrom);
    try {
      if (this.#step === 0) this.#start = await this.#validate();
      while (this.#step < this.#totalSteps && !signal?.aborted && !this.#isOutOfPatience()) {
        await this.#runEpoch();
      }
    } finally {
      await pool.endTraining();
    }
    const weights = this.#best?.weights ?? this.#weights;
    return {
      graph: unpackParameters(this.#graph, this.#layout, weights),
      history: this.#history,
      ...(this.#best && { bestEpoch: this.#best.epoch, start: nameValidation(this.#start) }),
      ...nameValidation(this.#best?.figures),
      interrupted: signal?.aborted ?? false,
    };
  }

  async #runEpoch(): Promise<void> {
    const began = performance.now();
    const epoch = this.#history.length + 1;
    const { batchSize, seed } = this.#options;
    const order = shuffledIndices(this.#training.length, createRandom(seed, 1, epoch))
      .map((place) => this.#training[place]);
    let learningRate = 0;
    const start = (epoch - 1) * this.#stepsPerEpoch;
    const end = Math.min(this.#totalSteps - start, this.#stepsPerEpoch);
    for (let place = this.#step - start; place < end; place++) {
      if (this.#hooks.signal?.aborted) return await this.#keepState();
      const indices = order.slice(place * batchSize, (place + 1) * batchSize);
      learningRate = await this.#takeStep(indices, epoch);
    }
    const { loss, correct, images } = this.#running;
    this.#running = NOTHING;
    const { validateEvery = 1 } = this.#hooks;
    const isLooked = epoch % validateEvery === 0 || this.#step >= this.#totalSteps;
    const validation = isLooked ? nameValidation(await this.#validate()) : {};
    const report = {
      epoch,
      learningRate,
      loss: loss / images,
      ...(correct !== undefined && { accuracy: correct / images }),
      ...validation,
      seconds: (performance.now() - began) / 1000,
    };
    this.#history.push(report);
    this.#hooks.onEpoch?.(report);
    await this.#keepState();
  }

  async #takeStep(indices: Int32Array, epoch: number): Promise<number> {
    const { schedule, learningRate: peak } = this.#options;
    const total = this.#totalSteps;
    const learningRate = learningRateAt(schedule, peak, this.#step / total);
    const sums = await this.#session.pool.trainStep(indices, epoch, this.#gradients);
    if (!Number.isFinite(sums.loss)) {
      throw new InputError(
        `training: found a loss of ${sums.loss} at step ${this.#step + 1} of epoch ${epoch}, ` +
          `wanted a number; lower the learning rate, now ${learningRate}`,
      );
    }
    this.#step++;
    for (const place of this.#zeros) this.#gradients[place] = 0;
    this.#optimizer.update(this.#weights, this.#gradients, learningRate, this.#step);
    if (!this.#hooks.freezesStatistics) this.#moveStatistics();
    this.#running = addStepSums(this.#running, sums);
    this.#hooks.onProgress?.({
      stage: "training",
      detail: `epoch ${epoch}, loss ${(this.#running.loss / this.#running.images).toFixed(3)}`,
      done: this.#step,
      total,
    });
    return learningRate;
  }

  /** Moving statistics follow the batches' at the pace that each BatchNormalization states. */
  #moveStatistics(): void {
    for (const { offset, length, momentum } of this.#statistics) {
      for (let i = offset; i < offset + length; i++) {
        this.#weights[i] = momentum * this.#weights[i] + (1 - momentum) * this.#gradients[i];
      }
    }
  }

  /**
   * What held-out images show; the best weights are remembered. What imitates is chosen by the loss, which tells small
   * differences on few images; else by what is lost of the figure that is reported.
   */
  async #validate(): Promise<Figures | undefined> {
    if (this.#validation.length === 0) return undefined;
    const graph = unpackParameters(this.#graph, this.#layout, this.#weights);
    const images = { split: "train", indices: this.#validation, batchSize: 100 } as const;
    const { pool, file } = this.#session;
    pool.local.onBatch = () => {};
    const { answers: _, ...figures } = await pool.evaluate(writeGraph(graph, file), images);
    const figure = this.#hooks.imitates ? "loss" : "error";
    if (this.#best === undefined || figures[figure] < this.#best.figures[figure]) {
      const epoch = this.#step === 0 ? 0 : this.#history.length + 1;
      this.#best = { figures, weights: this.#weights.slice(), epoch };
    }
    return figures;
  }

  /**
   * Classes where the session has them, else the teacher's answers where they are probabilities of classes, else its
   * outputs, each by the variance that it is measured by.
   */
  async #chooseLoss(): Promise<LossSpec> {
    const { objective, pool, file } = this.#session;
    const hasClasses = objective?.kind === "classification";
    if (hasClasses && !this.#hooks.imitates) return { kind: "classes", options: this.#options };
    const hasAnswers = hasClasses ||
      this.#graph.outputs.length === 1 && givesProbabilities(this.#graph);
    if (hasAnswers) return { kind: "answers", temperature: this.#options.temperature };
    const indices = this.#training.subarray(0, VARIANCE_IMAGES);
    pool.local.onBatch = () => {};
    const figures = await pool.evaluate(file, { split: "train", indices, batchSize: 100 });
    return { kind: "outputs", variances: figures.outputs!.map(({ variance }) => variance) };
  }

  #isOutOfPatience(): boolean {
    const { patience } = this.#options;
    if (patience === 0 || this.#best === undefined) return false;
    return this.#history.length - this.#best.epoch >= patience;
  }

  async #keepState(): Promise<void> {
    await this.#hooks.onCheckpoint?.({
      step: this.#step,
      history: this.#history,
      running: this.#running,
      weights: this.#weights,
      optimizer: this.#optimizer.state,
      best: this.#best,
      start: this.#start,
    });
  }

  #restore({ folder, ...checkpoint }: NonNullable<TuningHooks["resumeFrom"]>): void {
    const found = [checkpoint.weights, checkpoint.optimizer, checkpoint.best?.weights];
    const wanted = [this.#weights, this.#optimizer.state, checkpoint.best && this.#weights];
    if (found.some((array, index) => array?.length !== wanted[index]?.length)) {
      throw damagedState(folder, "weights of another network");
    }
    this.#weights.set(checkpoint.weights);
    this.#optimizer = new Optimizer(this.#layout, this.#options, checkpoint.optimizer);
    this.#step = checkpoint.step;
    this.#history = [...checkpoint.history];
    this.#running = checkpoint.running;
    this.#best = checkpoint.best;
    this.#start = checkpoint.start;
  }
}

function drawImages(session: Session, options: TuningOptions): Required<TuningHooks>["images"] {
  const { length } = session.pool.local.dataset.train;
  requireTrainingImages(length, options);
  const shuffled = shuffledIndices(length, createRandom(options.seed, length));
  const { validationImages } = options;
  return {
    training: shuffled.subarray(validationImages),
    validation: shuffled.subarray(0, validationImages),
  };
}

/**
 * Refuses a training for which there are too few images, before any work.
 *
 * @param images Images of the train split.
 * @param options How many are held out, and how many a step takes.
 * @throws {InputError} When less than a batch is left.
 */
export function requireTrainingImages(
  images: number,
  { validationImages, batchSize }: Pick<TuningOptions, "validationImages" | "batchSize">,
): void {
  if (images - validationImages >= batchSize) return;
  throw new InputError([
    `training: found ${images} images, of which ${validationImages} are held out, ` +
    `wanted at least a batch of ${batchSize} beside them; lower `,
    anyOf(["validationImages", "batchSize"]),
    ", or add images",
  ]);
}

/** What held-out images show, by the names that reports have for it. */
function nameValidation(figures: Figures | undefined): ValidationFigures {
  if (figures === undefined) return {};
  return figures.outputs
    ? { validationOutputError: figures.error }
    : { validationAccuracy: figures.accuracy };
}

function movingStatistics(graph: LayerGraph, layout: ParameterLayout): MovingStatistics[] {
  const nodes = nodesByKey(graph.nodes);
  return layout.statistics.map(({ key, offset, length }) => ({
    offset,
    length,
    momentum: Number(nodes.get(key)!.config.momentum ?? 0.99),
  }));
}

function placesOf(layout: ParameterLayout, zeros: TuningHooks["zeros"] = new Map()): Int32Array {
  const places: number[] = [];
  for (const { key, role, offset } of layout.trained) {
    if (role !== "kernel") continue;
    zeros.get(key)?.forEach((isZero, element) => {
      if (isZero) places.push(offset + element);
    });
  }
  return Int32Array.from(places);
}

/**
 * Trains or tunes a network on a session's train split.
 *
 * The order of the images, their random changes and the share of every worker follow from the seed, so a run is
 * repeatable for a fixed seed and number of workers, interrupted or not.
 *
 * @param session Model and data; without classes there must be a teacher.
 * @param graph The network with the weights to start from.
 * @param options How it is trained.
 * @param hooks Teacher, checkpoints, progress, what stays zero.
 * @returns The network with its best weights.
 * @throws {InputError} When there are too few images, or the loss is no number any more.
 */
export function tuneNetwork(
  session: Session,
  graph: LayerGraph,
  options: TuningOptions,
  hooks: TuningHooks = {},
): Promise<TuningResult> {
  return new Tuning(session, graph, options, hooks).run();
}
