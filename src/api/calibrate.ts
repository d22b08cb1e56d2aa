import type { Statistics } from "../execution/mod.ts";
import { Stopwatch, withDefaults } from "../base/mod.ts";
import {
  checkQueue,
  type ContextSpec,
  describeSource,
  openQueue,
  type QueueOptions,
  shardJob,
  type ShardOutput,
  ShardSum,
} from "../distributed/mod.ts";
import {
  CALIBRATION_DEFAULTS,
  checkShards,
  createStatisticsSource,
  gatherShard,
  type Shard,
  type StatisticsSource,
} from "../pruning/mod.ts";
import { type DataOptions, openSession } from "../session/mod.ts";

/** Workers that gather the statistics of parts of the images. */
export interface ShardQueue extends QueueOptions {
  /** Into how many parts the images are cut. */
  readonly shards: number;
}

/** Options of {@link calibrate}. */
export interface CalibrateOptions extends DataOptions {
  /** The part of the calibration images that is looked at. Default: all of them. */
  readonly shard?: Shard;
  /** Has all parts of the images looked at by workers at a queue, instead of one part here. */
  readonly queue?: ShardQueue;
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
  /** Raised to end a run at a queue. */
  readonly signal?: AbortSignal;
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
 * @throws {InputError} When model or data cannot be used, there are too few images for so many shards, or workers cannot
 * gather a shard.
 * @throws {RangeError} When there is no shard of that number.
 * @throws {WorkerError} When a thread is lost.
 */
export async function calibrate(options: CalibrateOptions): Promise<CalibrateResult> {
  const clock = new Stopwatch();
  const settings = withDefaults(options, CALIBRATION_DEFAULTS);
  const { queue } = settings;
  if (queue) await checkQueue(queue);
  const session = await openSession(
    queue ? { ...settings, workers: 1 } : settings,
    () => undefined,
  );
  try {
    const { pool } = session;
    const wanted = settings.batches * settings.batchSize;
    const source = createStatisticsSource(session, { ...settings, images: wanted }, clock);
    const { length: all } = source.calibration.indices;
    const { statistics, images, unreadable } = queue
      ? await gatherElsewhere(source, settings, queue)
      : await gatherHere(source, settings.shard);
    return {
      statistics,
      report: {
        images: { wanted, all, shard: images, unreadable },
        seconds: clock.total,
        workers: pool.size,
      },
    };
  } finally {
    await session.close();
  }
}

/** Statistics, and the images that they are of. */
interface Gathered {
  readonly statistics: Statistics;
  readonly images: number;
  readonly unreadable: readonly string[];
}

async function gatherHere(
  source: StatisticsSource,
  shard: Shard = { number: 1, of: 1 },
): Promise<Gathered> {
  const { statistics, images } = await gatherShard(source, shard);
  const { names: unreadable } = await source.pool.faults();
  return { statistics, images, unreadable };
}

/** Shards are jobs; their statistics are added up as they arrive, in the order of their numbers. */
async function gatherElsewhere(
  source: StatisticsSource,
  settings: CalibrateOptions,
  queue: ShardQueue,
): Promise<Gathered> {
  const { indices } = source.calibration;
  const jobs = Array.from(
    { length: queue.shards },
    (_, index) => shardJob({ number: index + 1, of: queue.shards }),
  );
  checkShards(indices.length, queue.shards);
  const { executor, blobs } = await openQueue(queue, async (blobs): Promise<ContextSpec> => ({
    kind: "shards",
    spec: await describeSource(source, settings, blobs),
  }));
  try {
    const sum = new ShardSum(blobs);
    let done = 0;
    const tell = () =>
      settings.onProgress?.({ stage: "gathering statistics", done, total: jobs.length });
    tell();
    const outcomes = await executor.run<ShardOutput>(jobs, {
      signal: settings.signal,
      onEnd: (index, outcome) => {
        if (outcome.status === "done") sum.add(index, outcome.output);
        done++;
        tell();
      },
    });
    return await sum.finish(outcomes);
  } finally {
    await executor.close();
  }
}
