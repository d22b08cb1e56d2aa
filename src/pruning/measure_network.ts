import { pickHeldOut } from "../data/mod.ts";
import { type Figures, withBatchNormMoments } from "../forward/mod.ts";
import { type LayerGraph, writeGraph } from "../graph/mod.ts";
import type { ImageSelection } from "../parallel/mod.ts";
import type { StatisticsSource } from "./statistics_source.ts";

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
  { crew, calibration }: Pick<StatisticsSource, "crew" | "calibration">,
  count: number,
): ImageSelection {
  const indices = pickHeldOut(crew.local.dataset.train, count, calibration.seed);
  return { split: "train", indices, batchSize: BATCH_SIZE };
}

/**
 * Measures a network that is being tried out; no progress is told of.
 *
 * @param source The workers, and the file that the network came from.
 * @param graph The network.
 * @param images What it is measured on.
 * @returns Its figures.
 */
export async function measureNetwork(
  { crew, file }: Pick<StatisticsSource, "crew" | "file">,
  graph: LayerGraph,
  images: ImageSelection,
): Promise<Figures> {
  crew.local.onBatch = () => {};
  return await crew.evaluate(writeGraph(graph, file), images);
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
  { crew, file }: Pick<StatisticsSource, "crew" | "file">,
  graph: LayerGraph,
  images: ImageSelection,
): Promise<LayerGraph> {
  if (!graph.nodes.some(({ className }) => className === "BatchNormalization")) return graph;
  return withBatchNormMoments(graph, await crew.measureBatchNorm(writeGraph(graph, file), images));
}
