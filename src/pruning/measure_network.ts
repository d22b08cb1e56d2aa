import { pickHeldOut } from "../data/mod.ts";
import {
  type ChannelMoments,
  type Figures,
  followBatchNorm,
  withBatchNormMoments,
} from "../execution/mod.ts";
import { type Cuts, type LayerGraph, shrinkGraph, writeGraph } from "../graph/mod.ts";
import type { ImageSelection } from "../session/mod.ts";
import type { StatisticsSource } from "./statistics/statistics_source.ts";

/** Held-out training images by which results are chosen and compared; those of the test split are no choice's. */
export const JUDGING_IMAGES = 2000;

/** Images of an evaluation batch. */
const BATCH_SIZE = 100;

/**
 * Training images that do not serve the statistics, as far as there are any.
 *
 * @param source The images.
 * @param count How many.
 * @returns Their selection.
 */
export function heldOutImages(
  { pool, calibration }: Pick<StatisticsSource, "pool" | "calibration">,
  count: number,
): ImageSelection {
  const indices = pickHeldOut(pool.local.dataset.train, count, calibration.seed);
  return { split: "train", indices, batchSize: BATCH_SIZE };
}

/**
 * Measures a network that is being tried out.
 *
 * @param source The workers, and the file that the network came from.
 * @param graph The network.
 * @param images What it is measured on.
 * @param onBatch Called after every batch of this thread.
 * @returns Its figures.
 */
export async function measureNetwork(
  { pool, file }: Pick<StatisticsSource, "pool" | "file">,
  graph: LayerGraph,
  images: ImageSelection,
  onBatch: () => void = () => {},
): Promise<Figures> {
  pool.local.onBatch = onBatch;
  return await pool.evaluate(writeGraph(graph, file), images);
}

/**
 * Measures networks that are being tried out, of which the others are variants of the first: what they have in common
 * from the images on is run once.
 *
 * @param source The workers, and the file that the networks came from.
 * @param graphs The networks; all are held at once.
 * @param images What they are measured on.
 * @param onBatch Called after every batch of this thread.
 * @returns Their figures.
 */
export async function measureVariants(
  { pool, file }: Pick<StatisticsSource, "pool" | "file">,
  graphs: readonly LayerGraph[],
  images: ImageSelection,
  onBatch: () => void,
): Promise<Figures[]> {
  pool.local.onBatch = onBatch;
  return await pool.evaluateVariants(graphs.map((graph) => writeGraph(graph, file)), images);
}

/** A network that was cut, and what was taken out of it. */
export interface CutGraph {
  /** The smaller network. */
  readonly graph: LayerGraph;
  /** What was taken out of the original. */
  readonly cuts: Cuts;
}

/**
 * A cut network with statistics of BatchNormalization that follow the cut, without training (`followBatchNorm`).
 *
 * @param source The workers, and the original.
 * @param cut The network.
 * @param images What is measured, of it and of the original.
 * @param original Moments of the original on the same images. Default: they are measured.
 * @returns The network; itself where it has no BatchNormalization.
 */
export async function reestimateBatchNorm(
  source: Pick<StatisticsSource, "pool" | "file" | "graph" | "map">,
  { graph, cuts }: CutGraph,
  images: ImageSelection,
  original?: ReadonlyMap<string, ChannelMoments>,
): Promise<LayerGraph> {
  if (!hasBatchNorm(graph)) return graph;
  const { pool, file, map } = source;
  const seen = original ?? await pool.measureBatchNorm(file, images);
  const moments = await pool.measureBatchNorm(writeGraph(graph, file), images);
  const [before, measured] = [source.graph, withBatchNormMoments(source.graph, seen)]
    .map((whole) => shrinkGraph(whole, map, cuts));
  return followBatchNorm(graph, moments, before, measured);
}

/** Whether a network has statistics to estimate. */
export function hasBatchNorm({ nodes }: LayerGraph): boolean {
  return nodes.some(({ className }) => className === "BatchNormalization");
}

/**
 * A network that is read off (`CountNetworks`) as it can be judged. Its layers are fitted as if those before them were
 * whole, so means and variances have moved by its end. BatchNormalization follows them: without that, the order of two
 * networks says little of what they are once repaired (Li et al. 2020, EagleEye, arXiv 2007.02491).
 *
 * @param source The workers, the original, and calibration images.
 * @param cut The network.
 * @returns The network.
 */
export async function adaptBatchNorm(
  source: Pick<StatisticsSource, "pool" | "file" | "graph" | "map" | "normMoments">,
  cut: CutGraph,
): Promise<LayerGraph> {
  const { images, moments } = await source.normMoments();
  return await reestimateBatchNorm(source, cut, images, moments);
}

/**
 * Measures a network that is read off, as {@link adaptBatchNorm} makes it.
 *
 * @param source The workers, the original, and calibration images.
 * @param cut The network.
 * @param images What it is measured on.
 * @param onBatch Called after every batch of this thread.
 * @returns Its figures.
 */
export async function measureAdapted(
  source: Pick<StatisticsSource, "pool" | "file" | "graph" | "map" | "normMoments">,
  cut: CutGraph,
  images: ImageSelection,
  onBatch: () => void = () => {},
): Promise<Figures> {
  source.pool.local.onBatch = onBatch;
  return await measureNetwork(source, await adaptBatchNorm(source, cut), images, onBatch);
}
