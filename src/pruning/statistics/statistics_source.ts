import {
  type ChannelMoments,
  IMAGES_TOGETHER,
  outputSizeOf,
  pointsFor,
  STATISTICS_VERSION,
  type StatisticsIdentity,
  sumBytes,
} from "../../execution/mod.ts";
import { pickCalibration } from "../../data/mod.ts";
import {
  type ChannelMap,
  findChannelSpaces,
  isFirstCall,
  kernelSize,
  type LayerGraph,
  type LayerNode,
} from "../../graph/mod.ts";
import type { PackedMoments } from "../../kernels/mod.ts";
import type { ModelFile } from "../../model/mod.ts";
import {
  batchesOfThread,
  type ImageSelection,
  type PoolCalibrationRequest,
  type ProgressListener,
  type Session,
  trackBatches,
  type WorkerPool,
} from "../../session/mod.ts";
import { unsampledReason } from "../policy/mod.ts";
import type { Stopwatch } from "../../base/mod.ts";

/**
 * Images that shards share out together: those of either half go through the network together. Products are added up in
 * f32 within them and in f64 across them, so statistics do not depend on which worker gathers which.
 */
export const PORTION = 2 * IMAGES_TOGETHER;

/** Calibration images that BatchNormalization of networks which are tried out is estimated on. */
const NORM_IMAGES = 512;

const MEBIBYTE = 2 ** 20;

/** What `calibrate` and `prune` use where an option is not given; `memoryBudget` is in bytes. */
export const CALIBRATION_DEFAULTS = {
  batchSize: 128,
  seed: 0,
  memoryBudget: 600 * MEBIBYTE,
} as const;

/** What statistics of a network are gathered from. */
export interface StatisticsSource extends Pick<Session, "content"> {
  /** The original network. */
  readonly graph: LayerGraph;
  /** The same as a file. */
  readonly file: ModelFile;
  /** Its channel spaces. */
  readonly map: ChannelMap;
  /** The workers. */
  readonly pool: WorkerPool;
  /** Images and sampling. */
  readonly calibration: Omit<
    PoolCalibrationRequest,
    "file" | "repaired" | "layers" | "keepsTargets"
  >;
  /** Takes the time of the stages. */
  readonly clock: Stopwatch;
  /** Called after every batch. */
  readonly onProgress?: ProgressListener;
  /** Moments at BatchNormalization of the original, on some calibration images; measured when they are first asked for. */
  normMoments(): Promise<NormMoments>;
}

/** Moments at every BatchNormalization of a network. */
export interface NormMoments {
  /** What they are measured on. */
  readonly images: ImageSelection;
  /** The moments, by layer. */
  readonly moments: ReadonlyMap<string, ChannelMoments>;
}

/** How many images and positions statistics are gathered from. */
export interface SamplingSettings {
  /** Training images, where there are as many. */
  readonly images: number;
  /** Images of a batch. */
  readonly batchSize: number;
  /** Sampled positions per image and layer. Default: as many as each layer wants. */
  readonly pointsPerImage?: number;
  /** Seed of the choice. */
  readonly seed: number;
  /** Bytes for what waits. */
  readonly memoryBudget: number;
  /** Folder in which what has no room in memory is kept meanwhile. Default: the system's for temporary files. */
  readonly scratch?: string;
  /** Called after every batch. */
  readonly onProgress?: ProgressListener;
}

/**
 * Chooses the images that statistics of a session's network are gathered from.
 *
 * @param session Model and data.
 * @param settings How many, and the seed.
 * @param clock Takes the time.
 * @returns What statistics are gathered from.
 */
export function createStatisticsSource(
  { graph, file, pool, content }: Session,
  { images, batchSize, pointsPerImage, seed, memoryBudget, scratch, onProgress }: SamplingSettings,
  clock: Stopwatch,
): StatisticsSource {
  const indices = pickCalibration(pool.local.dataset.train, images, seed);
  const calibration = {
    indices,
    images: indices.length,
    batchSize,
    seed,
    pointsPerImage,
    memoryBudget,
    scratch,
  };
  const map = findChannelSpaces(graph);
  const normImages = {
    split: "train",
    indices: indices.subarray(0, NORM_IMAGES),
    batchSize,
  } as const;
  let known: Promise<NormMoments> | undefined;
  const normMoments = () =>
    known ??= pool.measureBatchNorm(file, normImages)
      .then((moments) => ({ images: normImages, moments }));
  return { graph, file, map, pool, content, calibration, clock, onProgress, normMoments };
}

/**
 * Whether statistics of a layer can be gathered: it mixes the channels of what it reads, and it has one position or a fixed
 * row or plane of them.
 */
export function canSample({ map }: Pick<StatisticsSource, "map">, node: LayerNode): boolean {
  const { kind } = map.rules.get(node.key)!;
  return (kind === "convolution" || kind === "dense") && unsampledReason(node) === undefined;
}

/** The layers whose statistics any way of pruning may ask for, each by its first call, in graph order. */
export function layersToSample(
  source: Pick<StatisticsSource, "graph" | "map">,
): LayerNode[] {
  return source.graph.nodes.filter((node) => isFirstCall(node) && canSample(source, node));
}

/**
 * Gathers moments of layers of the original network: in one pass over the images, or in as few as the memory budget
 * allows the sums.
 *
 * @param source The network and the images.
 * @param layers The layers, in graph order.
 * @param take Is given the moments of one layer after the other.
 * @param keepsTargets Whether the outputs are kept for a repair, so that it need not run the original again.
 */
export async function gatherMoments(
  { pool, file, calibration, clock, onProgress }: StatisticsSource,
  layers: readonly LayerNode[],
  take: (key: string, moments: PackedMoments) => void,
  keepsTargets: boolean,
): Promise<void> {
  const passes = partIntoPasses(layers, calibration, pool.size);
  const batches = batchesOfThread({ pool }, calibration.indices.length, IMAGES_TOGETHER);
  const total = passes.length * batches;
  for (const [index, pass] of passes.entries()) {
    const tracked = { stage: "gathering statistics", done: index * batches, total };
    trackBatches({ pool }, tracked, onProgress);
    const keys = pass.map(({ key }) => key);
    const request = {
      ...calibration,
      file,
      layers: keys,
      batchSize: IMAGES_TOGETHER,
      keepsTargets,
    };
    await clock.time("calibrate", () => pool.gatherOriginal(request, take));
  }
}

/**
 * What statistics gathered from a source belong to.
 *
 * @param source The network and all calibration images.
 * @returns Their identity.
 */
export async function identifyStatistics(source: StatisticsSource): Promise<StatisticsIdentity> {
  const { images, pointsPerImage, seed } = source.calibration;
  return {
    version: STATISTICS_VERSION,
    ...await source.content(),
    images,
    ...(pointsPerImage === undefined ? {} : { pointsPerImage }),
    seed,
  };
}

/**
 * Parts layers into passes whose sums have room together, in half of the budget: each goes into the first pass that has
 * room for it. One that has none alone gets a pass of its own. Of an even number of threads every one has images, and sums,
 * of one half only.
 */
export function partIntoPasses(
  layers: readonly LayerNode[],
  calibration: Pick<StatisticsSource["calibration"], "images" | "pointsPerImage" | "memoryBudget">,
  threads: number,
): LayerNode[][] {
  const budget = calibration.memoryBudget / threads / 2;
  const share = threads % 2 === 0 ? 1 / 2 : 1;
  const passes: { layers: LayerNode[]; room: number }[] = [];
  for (const layer of layers) {
    const bytes = share * sumBytes(kernelSize(layer), samplesOf(layer, calibration));
    const pass = passes.find(({ room }) => bytes <= room);
    if (pass === undefined) {
      passes.push({ layers: [layer], room: budget - bytes });
    } else {
      pass.layers.push(layer);
      pass.room -= bytes;
    }
  }
  return passes.map(({ layers }) => layers);
}

/**
 * Samples of a layer over all images.
 *
 * @param node The layer.
 * @param calibration Images and positions.
 * @returns How many there are.
 */
export function samplesOf(
  node: LayerNode,
  { images, pointsPerImage }: Pick<PoolCalibrationRequest, "images" | "pointsPerImage">,
): number {
  const [height, width] = outputSizeOf(node);
  const points = pointsPerImage ?? pointsFor(kernelSize(node).inputs, images);
  return images * Math.min(points, height * width) * node.calls;
}
