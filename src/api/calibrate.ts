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
  wantedImages,
} from "../pruning/mod.ts";
import { type DataOptions, openSession } from "../session/mod.ts";

/** A queue whose workers gather the statistics, each of some parts of the images. */
export interface ShardQueue extends QueueOptions {
  /** Into how many parts the calibration images are cut. */
  readonly shards: number;
}

/** Options of {@link calibrate}. */
export interface CalibrateOptions extends DataOptions {
  /** The part of the calibration images that is used. Default: all of them. */
  readonly shard?: Shard;
  /** Workers that gather the statistics of all parts. Default: this process gathers those of `shard`. */
  readonly queue?: ShardQueue;
  /**
   * Batches of training images over all shards. Default: 7,680 images, fewer where a pass over them takes more than
   * 1.5 · 10¹² multiply-accumulates, 256 at least.
   */
  readonly batches?: number;
  /** Images in every such batch; only the number of images, `batches` × `batchSize`, matters. Default 128. */
  readonly batchSize?: number;
  /** Sampled positions per image and layer. Default: thirty samples for each input of the layer, ten positions at least. */
  readonly pointsPerImage?: number;
  /** Seed of the choice of images and positions. Default 0. */
  readonly seed?: number;
  /**
   * The most bytes of sums that are gathered in one pass over the images, over all threads; layers beyond that need
   * further passes. Default 600 MiB.
   */
  readonly memoryBudget?: number;
  /** Ends a run at a queue when it is aborted; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** What a calibration found. */
export interface CalibrateReport {
  /** The calibration images. */
  readonly images: {
    /** Images that were asked for: `batches` × `batchSize`, or the default. */
    readonly wanted: number;
    /** Images of all shards; fewer than were asked for where the training split has fewer. */
    readonly all: number;
    /** Images that this run used. */
    readonly shard: number;
    /** Names of the images that could not be read. */
    readonly unreadable: readonly string[];
  };
  /** Wall time in seconds. */
  readonly seconds: number;
  /** Threads that shared the work. */
  readonly workers: number;
}

/** Statistics, ready for {@link saveStatistics}, and figures of the run. */
export interface CalibrateResult {
  /** The statistics. */
  readonly statistics: Statistics;
  /** Figures of the run. */
  readonly report: CalibrateReport;
}

/**
 * Gathers statistics of a network as it is, for every way of pruning it: G = XᵀX, C = XᵀY and the sums of X, Y and Y²
 * over sampled outputs of every Conv2D and Dense layer that is not too large. A row of X has what a sampled output is
 * computed from (kernel height × width × input channels), a row of Y the output itself (output channels); the regression
 * of He et al. 2017 (arXiv 1707.06168, eq. 1) needs no more.
 *
 * The statistics of all shards add up to those of one run over all images, whatever the numbers of workers: the same
 * images and positions are drawn, and only the order of f64 additions differs.
 *
 * @param options Model, data, sampling and shard.
 * @returns The statistics and the figures of the run.
 * @throws {InputError} When model or data cannot be used, there are too few images for so many shards, or workers cannot
 * gather a shard.
 * @throws {RangeError} When `shard` is not one of 1 to n.
 * @throws {WorkerError} When a thread is lost.
 *
 * @example Gather statistics of 256 images
 * ```ts
 * import { calibrate } from "@secateur/secateur";
 * import assert from "node:assert/strict";
 *
 * const { statistics, report } = await calibrate({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   batches: 2,
 *   pointsPerImage: 10,
 * });
 * assert.equal(report.images.shard, 256);
 * const { d, n, count } = statistics.layers.get("conv1")!;
 * assert.deepEqual([d, n, count], [3 * 3 * 1, 16, 256 * 10]);
 * ```
 *
 * @example Have workers gather the parts
 * ```ts ignore
 * import { calibrate, saveStatistics } from "@secateur/secateur";
 *
 * const { statistics } = await calibrate({
 *   model: "resnet20",
 *   data: "cifar10",
 *   queue: { url: "redis://queue.example.org", blobs: "/mnt/secateur", shards: 8 },
 * });
 * await saveStatistics("resnet20.safetensors", statistics);
 * ```
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
    const { pool, graph } = session;
    const wanted = wantedImages(graph, settings);
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
