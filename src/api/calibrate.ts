import {
  MergedStatistics,
  type MomentsToWrite,
  type Statistics,
  type StatisticsHead,
  unpackStatistics,
  writeStatistics,
} from "../execution/mod.ts";
import { Stopwatch, withDefaults } from "../base/mod.ts";
import {
  checkQueue,
  type ContextSpec,
  describeSource,
  fetchShards,
  openQueue,
  type QueueOptions,
  shardJob,
  type ShardOutput,
} from "../distributed/mod.ts";
import {
  CALIBRATION_DEFAULTS,
  checkShards,
  createStatisticsSource,
  forecastGathering,
  gatherShard,
  type Shard,
  type StatisticsSource,
  wantedImages,
} from "../pruning/mod.ts";
import {
  abortableListener,
  type DataOptions,
  openSession,
  type PassForecast,
  tellForecast,
} from "../session/mod.ts";

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
  /**
   * Called before the work begins with what will be done and about how long that takes, for which some images are timed;
   * not where workers at a queue do it.
   */
  readonly onForecast?: (forecast: PassForecast) => void;
  /** Ends the run when it is aborted; the promise is rejected with its reason. */
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
    /** What was wrong with them, as messages. */
    readonly unreadableReasons: readonly string[];
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

/** What {@link calibrateToFile} found. */
export interface CalibrateToFileResult {
  /** What the statistics belong to, and which shards they are of. */
  readonly statistics: Omit<Statistics, "layers">;
  /** Names of the layers that they are of. */
  readonly layers: readonly string[];
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
 * import { calibrate } from "secateur";
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
 * import { calibrate, saveStatistics } from "secateur";
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
  return await withGathered(
    options,
    ({ head, layers }, report) =>
      Promise.resolve({ statistics: unpackStatistics(head, layers), report }),
  );
}

/**
 * Gathers the same statistics into a file, which {@link loadStatistics} reads: the moments of one layer are in memory at a
 * time, where {@link calibrate} has those of all.
 *
 * @param path The file (safetensors); one that is there is replaced.
 * @param options Model, data, sampling and shard.
 * @returns What the statistics belong to, of which layers they are, and the figures of the run.
 * @throws {InputError} When model or data cannot be used, there are too few images for so many shards, workers cannot
 * gather a shard, or the file cannot be written; what was there stays.
 * @throws {RangeError} When `shard` is not one of 1 to n.
 * @throws {WorkerError} When a thread is lost.
 *
 * @example Keep the statistics of 256 images
 * ```ts
 * import { calibrateToFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const { layers } = await calibrateToFile(`${folder}/resnet8.safetensors`, {
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   batches: 2,
 * });
 * assert.ok(layers.includes("conv1"));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function calibrateToFile(
  path: string,
  options: CalibrateOptions,
): Promise<CalibrateToFileResult> {
  return await withGathered(options, async ({ head, layers }, report) => {
    const names = [...layers.sizes.keys()];
    await writeStatistics(path, head, layers, options.signal);
    const { identity, shards } = head;
    return { statistics: { identity, shards }, layers: names, report };
  });
}

/** Statistics that wait to be read, and the images that they are of. */
interface Gathered {
  readonly head: StatisticsHead;
  readonly layers: MomentsToWrite;
  readonly images: number;
  readonly unreadable: readonly string[];
  readonly unreadableReasons: readonly string[];
}

/** What is done with statistics while they are there. */
type UseOf<Result> = (gathered: Gathered) => Promise<Result>;

async function withGathered<Result>(
  options: CalibrateOptions,
  use: (gathered: Gathered, report: CalibrateReport) => Promise<Result>,
): Promise<Result> {
  const clock = new Stopwatch();
  const settings = {
    ...withDefaults(options, CALIBRATION_DEFAULTS),
    onProgress: abortableListener(options),
  };
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
    const useWithReport: UseOf<Result> = (gathered) => {
      const { images, unreadable, unreadableReasons } = gathered;
      return use(gathered, {
        images: { wanted, all, shard: images, unreadable, unreadableReasons },
        seconds: clock.total,
        workers: pool.size,
      });
    };
    return queue
      ? await gatherElsewhere(source, settings, queue, useWithReport)
      : await gatherHere(source, settings, useWithReport);
  } finally {
    await session.close();
  }
}

async function gatherHere<Result>(
  source: StatisticsSource,
  { shard = { number: 1, of: 1 }, onForecast }: CalibrateOptions,
  use: UseOf<Result>,
): Promise<Result> {
  await tellForecast(onForecast, () => forecastGathering(source, shard));
  const { layers, ...gathered } = await gatherShard(source, shard);
  try {
    const { names: unreadable, reasons: unreadableReasons } = await source.pool.faults();
    return await use({ ...gathered, layers, unreadable, unreadableReasons });
  } finally {
    layers.close();
  }
}

/** Shards are jobs, whose statistics are added up in the order of their numbers. */
async function gatherElsewhere<Result>(
  source: StatisticsSource,
  settings: CalibrateOptions,
  queue: ShardQueue,
  use: UseOf<Result>,
): Promise<Result> {
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
    let done = 0;
    const tell = () =>
      settings.onProgress?.({ stage: "gathering statistics", done, total: jobs.length });
    tell();
    const outcomes = await executor.run<ShardOutput>(jobs, {
      signal: settings.signal,
      onEnd: () => {
        done++;
        tell();
      },
    });
    const { paths, ...rest } = await fetchShards(outcomes, blobs);
    const merged = new MergedStatistics(paths);
    try {
      return await use({ head: merged, layers: merged, ...rest });
    } finally {
      merged.close();
    }
  } finally {
    await executor.close();
  }
}
