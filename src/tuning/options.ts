import type { Notice } from "../base/mod.ts";
import type { Augmentation } from "../data/mod.ts";
import type { FigureChanges } from "../session/mod.ts";
import type { LossOptions, OptimizerOptions, Schedule } from "../execution/mod.ts";

/** How a network is trained or tuned. */
export interface TuningOptions extends LossOptions, OptimizerOptions, Augmentation {
  /** Passes over the training images; 0.5 is half a pass. */
  readonly epochs: number;
  /** Images in every step, over all threads. Default: 128, or a quarter of the images that are learned from, if they are few. */
  readonly batchSize: number;
  /** Largest learning rate. */
  readonly learningRate: number;
  /** How the learning rate changes over the run. */
  readonly schedule: Schedule;
  /**
   * Number of training images that are held out to choose the best epoch; with 0 the last epoch is kept. Default: 2,000, or
   * a tenth of the training images, if they are few.
   */
  readonly validationImages: number;
  /** Number of epochs without a better result on these images after which the run ends; with 0 it never ends early. */
  readonly patience: number;
  /** Seed of the initial weights, of the order of the images, and of their random changes. */
  readonly seed: number;
}

/** What a network reaches on the held-out images; nothing without any. */
export interface ValidationFigures {
  /** Share of the held-out images classified rightly; absent where outputs are compared. */
  readonly validationAccuracy?: number;
  /** Relative error of the outputs on the held-out images, where outputs are compared. */
  readonly validationOutputError?: number;
}

/** One pass over the training images, and what the held-out images show after it. */
export interface EpochReport extends ValidationFigures {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  /** Learning rate at its end. */
  readonly learningRate: number;
  /** Mean loss of its steps: nats, or the squared relative error towards the teacher's outputs. */
  readonly loss: number;
  /** Share of its (changed) training images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** What a training or tuning run found: figures of the network as it was given and as it is written, and more. */
export interface TuningReport extends FigureChanges {
  /** Validation accuracy of the weights that are written; absent without held-out images. */
  readonly validationAccuracy?: number;
  /** The relative error of their outputs on the held-out images, where outputs are compared. */
  readonly validationOutputError?: number;
  /** After which epoch they were best; 0: the network is as it was given. Absent without held-out images. */
  readonly bestEpoch?: number;
  /** The epochs. */
  readonly epochs: readonly EpochReport[];
  /** Whether `signal` ended the run; with a checkpoint it can be resumed. */
  readonly interrupted: boolean;
  /** Wall time in seconds. */
  readonly seconds: number;
  /** Seed of the run. */
  readonly seed: number;
  /** Threads that shared the work. */
  readonly workers: number;
  /** What is worth knowing about the data and the network as it was given. */
  readonly notices: readonly Notice[];
}

/**
 * What a new network is trained with where an option is not given. Batch size and held-out images are the most: there are
 * fewer where images are few.
 */
export const TRAINING_DEFAULTS: TuningOptions = {
  epochs: 30,
  batchSize: 128,
  learningRate: 0.1,
  schedule: "one-cycle",
  optimizer: "momentum",
  momentum: 0.9,
  weightDecay: 5e-4,
  labelSmoothing: 0,
  distillationWeight: 4,
  temperature: 4,
  shift: 4,
  flip: true,
  validationImages: 2000,
  patience: 0,
  seed: 0,
};

/** What a trained network is tuned with where an option is not given; the same two are the most. */
export const TUNING_DEFAULTS: TuningOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 5,
  learningRate: 0.02,
};

/** Of few images this share at most is held out, and this share of the others is a step. */
const HELD_OUT_SHARE = 1 / 10, STEP_SHARE = 1 / 4;

/**
 * The settings of a run, and nothing else of what it is given. How many images are held out, and how many a step takes,
 * makes do with the images that there are, unless it is given.
 *
 * @param options Some of them.
 * @param images Images of the train split.
 * @param defaults The rest.
 * @returns All of them.
 */
export function settleTuning(
  options: Partial<TuningOptions>,
  images: number,
  defaults: TuningOptions = TUNING_DEFAULTS,
): TuningOptions {
  const names = Object.keys(defaults) as (keyof TuningOptions)[];
  const entries = names.map((name) => [name, options[name] ?? defaults[name]]);
  const heldOut = Math.floor(Math.min(defaults.validationImages, HELD_OUT_SHARE * images));
  const { validationImages = heldOut } = options;
  const step = Math.floor(STEP_SHARE * (images - validationImages));
  const { batchSize = Math.max(1, Math.min(defaults.batchSize, step)) } = options;
  return { ...Object.fromEntries(entries), validationImages, batchSize } as TuningOptions;
}
