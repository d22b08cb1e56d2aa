import * as tf from "@tensorflow/tfjs";
import type { LayerGraph, LayerNode } from "../graph/mod.ts";
import { ForwardPlan } from "./forward_plan.ts";
import type { ImageBatch } from "./objective.ts";

/** Sums of a BatchNormalization's inputs over images and positions, per channel. */
export interface ChannelMoments {
  /** Σ x. */
  readonly sums: Float64Array;
  /** Σ x². */
  readonly squares: Float64Array;
  /** Number of images times positions. */
  count: number;
}

/**
 * Gathers the moments at every BatchNormalization. Every batch is normalized with its own statistics on the way, as in
 * training, so that all layers can be measured in one pass.
 *
 * @param graph The network.
 * @param model The same network in TensorFlow.js.
 * @param batches Batches of images; disposed.
 * @returns Moments by layer.
 */
export async function measureBatchNorm(
  graph: LayerGraph,
  model: tf.LayersModel,
  batches: AsyncIterable<Pick<ImageBatch, "inputs">>,
): Promise<Map<string, ChannelMoments>> {
  const moments = new Map<string, ChannelMoments>();
  const plan = new ForwardPlan(graph, model, {
    onMoments: (layer, sums, squares, count) => {
      const total = moments.get(layer) ?? {
        sums: new Float64Array(sums.length),
        squares: new Float64Array(sums.length),
        count: 0,
      };
      addInto(total, { sums, squares, count });
      moments.set(layer, total);
    },
  });
  try {
    for await (const { inputs } of batches) tf.dispose(plan.predict(inputs));
  } finally {
    plan.dispose();
  }
  return moments;
}

function addInto(
  total: ChannelMoments,
  part: { sums: ArrayLike<number>; squares: ArrayLike<number>; count: number },
): void {
  for (let channel = 0; channel < total.sums.length; channel++) {
    total.sums[channel] += part.sums[channel];
    total.squares[channel] += part.squares[channel];
  }
  total.count += part.count;
}

/** Adds up moments that were measured on parts of the images. */
export function addChannelMoments(
  parts: readonly Map<string, ChannelMoments>[],
): Map<string, ChannelMoments> {
  const total = new Map<string, ChannelMoments>();
  for (const [layer, moments] of parts.flatMap((part) => [...part])) {
    const known = total.get(layer);
    if (known) addInto(known, moments);
    else total.set(layer, { ...moments });
  }
  return total;
}

/**
 * Replaces the statistics of BatchNormalization layers by measured ones.
 *
 * @param graph The network.
 * @param moments Moments by layer; layers without keep theirs.
 * @returns The network with new moving means and (biased) variances; the given one is unchanged.
 */
export function withBatchNormMoments(
  graph: LayerGraph,
  moments: ReadonlyMap<string, ChannelMoments>,
): LayerGraph {
  const replace = (node: LayerNode): LayerNode => {
    const measured = moments.get(node.key);
    if (measured === undefined) return node;
    const { sums, squares, count } = measured;
    const mean = Float32Array.from(sums, (sum) => sum / count);
    const variance = Float32Array.from(
      squares,
      (square, channel) => Math.max(0, square / count - (sums[channel] / count) ** 2),
    );
    const weights = new Map(node.weights);
    weights.set("moving_mean", { ...weights.get("moving_mean")!, values: mean });
    weights.set("moving_variance", { ...weights.get("moving_variance")!, values: variance });
    return { ...node, weights };
  };
  return { ...graph, nodes: graph.nodes.map(replace) };
}
