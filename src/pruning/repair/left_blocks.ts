import {
  bypassBlocks,
  type LayerGraph,
  type LeftBlock,
  meanOfBlock,
  nodesByKey,
  type ResidualBlock,
} from "../../graph/mod.ts";
import { type LayerMoments, type MomentsByLayer, releaseMoments } from "../../kernels/mod.ts";
import type { LayerPlan } from "../policy/mod.ts";

/**
 * A residual block that leaves, with what it gave on average in the original.
 *
 * @param graph The original network.
 * @param block The block.
 * @param moments Raw moments of its last layer; they are released.
 * @returns Both.
 */
export function leftBlock(
  graph: LayerGraph,
  block: ResidualBlock,
  moments: LayerMoments,
): LeftBlock {
  const bias = nodesByKey(graph.nodes).get(block.last)!.weights.get("bias")?.values;
  const { sumY, count } = moments;
  const mean = Float32Array.from(sumY, (sum, output) => sum / count + (bias?.[output] ?? 0));
  releaseMoments(moments);
  return { block, mean: meanOfBlock(graph, block, mean) };
}

/** The residual blocks that leave by some plans, in graph order. */
export function blocksToLeave(plans: readonly LayerPlan[]): ResidualBlock[] {
  return plans.flatMap(({ block }) => block ?? []);
}

/**
 * A network without the residual blocks that leave by some plans.
 *
 * @param graph The original network.
 * @param plans Every layer's plan.
 * @param moments Statistics of the original, of the blocks' last layers at least, by which their means go elsewhere.
 * @returns The network; the given one where no block leaves.
 */
export function withoutBlocks(
  graph: LayerGraph,
  plans: readonly LayerPlan[],
  moments?: MomentsByLayer,
): LayerGraph {
  const blocks = blocksToLeave(plans).map((block) =>
    moments ? leftBlock(graph, block, moments.get(block.last)) : { block }
  );
  return bypassBlocks(graph, blocks);
}
