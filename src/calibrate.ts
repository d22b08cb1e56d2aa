import type { Statistics } from "./calibration/mod.ts";
import { withDefaults } from "./defaults.ts";
import { InputError } from "./errors.ts";
import { unpackAll } from "./kernels/mod.ts";
import { shardIndices } from "./parallel/mod.ts";
import {
  createStatisticsSource,
  gatherMoments,
  identifyStatistics,
  layersToSample,
  PORTION,
  Stopwatch,
} from "./pruning/mod.ts";
import { type DataOptions, openSession } from "./session/mod.ts";

const MEBIBYTE = 2 ** 20;

/** What {@link calibrate} uses where an option is not given; `prune` uses the same. */
export const CALIBRATION_DEFAULTS = {
  batches: 60,
  batchSize: 128,
  pointsPerImage: 10,
  seed: 0,
  memoryBudget: 600 * MEBIBYTE,
} as const;

/** One of some parts that the calibration images are cut into. */
export interface Shard {
  /** Which, from 1. */
  readonly number: number;
  /** Of how many. */
  readonly of: number;
}

/** Options of {@link calibrate}. */
export interface CalibrateOptions extends DataOptions {
  /** The part of the calibration images that is looked at. Default: all of them. */
  readonly shard?: Shard;
  /** Batches of training images over all shards. Default 60. */
  readonly batches?: number;
  /** Images of every such batch: the product alone matters. Default 128. */
  readonly batchSize?: number;
  /** Sampled positions per image and layer. Default 10. */
  readonly pointsPerImage?: number;
  /** Seed of the choice of images and positions. Default 0. */
  readonly seed?: number;
  /** Bytes of sums in one pass over the images, over all workers; other layers wait for another. Default 600 MiB. */
  readonly memoryBudget?: number;
}

/** What a calibration found. */
export interface CalibrateReport {
  /** Images: wanted and there over all shards, looked at, and those that could not be read, by name. */
  readonly images: {
    readonly wanted: number;
    readonly all: number;
    readonly shard: number;
    readonly unreadable: readonly string[];
  };
  /** Wall time. */
  readonly seconds: number;
  /** Threads of the run. */
  readonly workers: number;
}

/** Statistics, ready for {@link saveStatistics}, and what was found on the way. */
export interface CalibrateResult {
  /** The statistics. */
  readonly statistics: Statistics;
  /** Figures of the run. */
  readonly report: CalibrateReport;
}

/**
 * Gathers statistics of a network as it is, for every way of pruning it: G = XᵀX, C = XᵀY and the sums of X, Y and Y²
 * over sampled outputs of every Conv2D and Dense layer that is not too large.
 *
 * The statistics of all shards add up to those of one run over all images, whatever the numbers of workers: the same
 * images and positions are drawn, and the order of f64 additions alone differs.
 *
 * @param options Model, data, sampling and shard.
 * @returns The statistics and the figures of the run.
 * @throws {InputError} When model or data cannot be used, or there are too few images for so many shards.
 * @throws {RangeError} When there is no shard of that number.
 * @throws {WorkerError} When a thread is lost.
 */
export async function calibrate(options: CalibrateOptions): Promise<CalibrateResult> {
  const clock = new Stopwatch();
  const settings = withDefaults(options, CALIBRATION_DEFAULTS);
  const wanted = settings.batches * settings.batchSize;
  const { number, of } = settings.shard ?? { number: 1, of: 1 };
  const session = await openSession(settings, () => undefined);
  try {
    const { crew } = session;
    const source = createStatisticsSource(session, settings, clock);
    const { indices: all } = source.calibration;
    const indices = cutShard(all, { number, of });
    const identity = await identifyStatistics(source);
    const part = { ...source, calibration: { ...source.calibration, indices } };
    const packed = await gatherMoments(part, layersToSample(source));
    const layers = unpackAll(packed);
    const { names: unreadable } = await crew.faults();
    return {
      statistics: { identity, shards: { of, have: [number] }, layers },
      report: {
        images: { wanted, all: all.length, shard: indices.length, unreadable },
        seconds: clock.total,
        workers: crew.size,
      },
    };
  } finally {
    await session.close();
  }
}

/** Shards have whole portions, so that all runs add up the same sums in f32. */
function cutShard(images: Int32Array, { number, of }: Shard): Int32Array {
  if (!Number.isInteger(number) || !Number.isInteger(of) || number < 1 || number > of) {
    throw new RangeError(
      `cutting calibration images: found shard ${number} of ${of}, wanted 1 to n`,
    );
  }
  const portions = Math.ceil(images.length / PORTION);
  if (of > portions) {
    throw new InputError(
      `cutting ${images.length} calibration images: found ${of} shards, wanted at most ` +
        `${portions}, ${PORTION} images for each; ask for fewer, or raise --nb-batches`,
    );
  }
  return shardIndices(images, of, PORTION)[number - 1];
}
