import { Option } from "@commander-js/extra-typings";
import { CALIBRATION_DEFAULTS } from "../../src/mod.ts";
import { nameList, positiveInteger, positiveNumber, seedInteger } from "./parsers.ts";

/** `--nb-batches`: how many images statistics are gathered from. */
export const batchesOption = new Option(
  "--nb-batches <n>",
  "batches for selection and reconstruction (default: 7,680 images, fewer where a pass over them takes more than 1.5e12 multiply-accumulates, 256 at least) (cp_nb_batches)",
).argParser(positiveInteger);

/**
 * `--batch-size`: how many images a batch of `--nb-batches` has.
 *
 * @param more What the help says beside that. Default: nothing.
 * @returns An option of its own for one command.
 */
export function createBatchSizeOption(more = "") {
  return new Option("--batch-size <n>", `images of every such batch${more} (batch_size)`)
    .argParser(positiveInteger).default(CALIBRATION_DEFAULTS.batchSize);
}

/** `--nb-points-per-layer`: how many positions of an image are. */
export const pointsOption = new Option(
  "--nb-points-per-layer <n>",
  "sampled positions per image and layer (default: as many as give thirty samples for each input of the layer, ten at least) (cp_nb_points_per_layer)",
).argParser(positiveInteger);

/** `--ridge`: how strongly fits hold on to the old weights. */
export const ridgeOption = new Option(
  "--ridge <number>",
  "pull towards the old weights, as a share of the mean diagonal of the Gram matrix of inputs of unit spread (default: chosen for every layer, by fitting half of the images and looking at the other half)",
).argParser(positiveNumber);

/** `--skip`: what is not cut. */
export const skipOption = new Option(
  "--skip <layers>",
  "names of convolutions and Dense layers that stay whole, with commas between",
).argParser(nameList);

/**
 * `--channel-multiple`: what the numbers of channels that stay are multiples of.
 *
 * @param hint What the help says of its default where other options set it too.
 * @returns An option of its own for one command.
 */
export function createChannelMultipleOption(hint = "") {
  return new Option("--channel-multiple <n>", `keep a multiple of this many channels${hint}`)
    .argParser(positiveInteger);
}

/**
 * `--statistics`: the file in which statistics are kept.
 *
 * @param otherwise How long they are kept without it.
 * @returns An option of its own for one command.
 */
export function createStatisticsOption(otherwise: string) {
  return new Option(
    "--statistics <file>",
    `statistics of the unpruned model: read where the file is there, else gathered and written to it (default: kept ${otherwise})`,
  );
}

/**
 * `--seed`: the seed of the run.
 *
 * @param more What else comes of it. Default: nothing.
 * @returns An option of its own for one command.
 */
export function createSeedOption(more = "") {
  return new Option("--seed <n>", `seed of the choice of images and positions${more}`)
    .argParser(seedInteger).default(CALIBRATION_DEFAULTS.seed);
}

/** `--memory`: what waits in memory while layers are repaired. */
export const memoryOption = new Option(
  "--memory <MiB>",
  "activations that may wait between layers (less beside large layers), and sums of one pass, over all workers; the rest is computed again",
).argParser(positiveInteger).default(CALIBRATION_DEFAULTS.memoryBudget / 2 ** 20);

/** Values of the options that say what statistics are gathered from. */
export interface SamplingFlags {
  /** Batches of images. */
  readonly nbBatches?: number;
  /** Images of each. */
  readonly batchSize?: number;
  /** Sampled positions per image and layer. */
  readonly nbPointsPerLayer?: number;
  /** Seed of the run. */
  readonly seed: number;
}

/** The library's options of what statistics are gathered from. */
export function samplingSettings(
  { nbBatches: batches, batchSize, nbPointsPerLayer: pointsPerImage, seed }: SamplingFlags,
) {
  return { batches, batchSize, pointsPerImage, seed };
}
