import { pickHeldOut } from "../data/mod.ts";
import { type Figures, withBatchNormMoments } from "../execution/mod.ts";
import { type LayerGraph, writeGraph } from "../graph/mod.ts";
import type { ImageSelection } from "../session/mod.ts";
import type { StatisticsSource } from "./statistics/statistics_source.ts";

/** Held-out training images by which results are chosen and compared; those of the test split are no choice's. */
export const JUDGING_IMAGES = 2000;

/** Images of an evaluation batch. */
const BATCH_SIZE = 100;

/** Calibration images that BatchNormalization of a network which is tried out is estimated on. */
const BATCH_NORM_IMAGES = 512;

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

/**
 * A network with statistics of BatchNormalization that are its own, without training.
 *
 * @param source The workers, and the file that the network came from.
 * @param graph The network.
 * @param images What they are estimated on.
 * @returns The network; itself where it has no BatchNormalization.
 */
export async function reestimateBatchNorm(
  { pool, file }: Pick<StatisticsSource, "pool" | "file">,
  graph: LayerGraph,
  images: ImageSelection,
): Promise<LayerGraph> {
  if (!graph.nodes.some(({ className }) => className === "BatchNormalization")) return graph;
  return withBatchNormMoments(graph, await pool.measureBatchNorm(writeGraph(graph, file), images));
}

/**
 * Measures a network that is read off (`CountNetworks`): its layers are fitted as if those before them were whole, so means
 * and variances have moved by its end. BatchNormalization is estimated anew before it is judged: without that, the order
 * of two networks says little of what they are once repaired (Li et al. 2020, EagleEye, arXiv 2007.02491).
 *
 * @param source The workers, the file that the network came from, and calibration images.
 * @param graph The network.
 * @param images What it is measured on.
 * @param onBatch Called after every batch of this thread.
 * @returns Its figures.
 */
export async function measureAdapted(
  source: Pick<StatisticsSource, "pool" | "file" | "calibration">,
  graph: LayerGraph,
  images: ImageSelection,
  onBatch: () => void = () => {},
): Promise<Figures> {
  source.pool.local.onBatch = onBatch;
  return await measureNetwork(source, await adaptBatchNorm(source, graph), images, onBatch);
}

/**
 * A network that is read off with BatchNormalization estimated anew on some calibration images.
 *
 * @param source The workers, the file that the network came from, and calibration images.
 * @param graph The network.
 * @returns The network as it can be judged.
 */
export async function adaptBatchNorm(
  source: Pick<StatisticsSource, "pool" | "file" | "calibration">,
  graph: LayerGraph,
): Promise<LayerGraph> {
  const { indices, batchSize } = source.calibration;
  const estimated = indices.subarray(0, BATCH_NORM_IMAGES);
  return await reestimateBatchNorm(source, graph, {
    split: "train",
    indices: estimated,
    batchSize,
  });
}
