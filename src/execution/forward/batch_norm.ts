import * as tf from "@tensorflow/tfjs";
import { type LayerGraph, type LayerNode, nodesByKey } from "../../graph/mod.ts";
import { loadKernels } from "../../kernels/mod.ts";
import { ForwardPlan } from "./forward_plan.ts";
import type { ImageBatch } from "./objective.ts";
import type { MomentSink } from "./steps.ts";

/** Sums of a BatchNormalization's inputs over images and positions, per channel. */
export interface ChannelMoments {
  /** Σ x. */
  readonly sums: Float64Array;
  /** Σ x². */
  readonly squares: Float64Array;
  /** Number of images times positions. */
  readonly count: number;
}

/**
 * Gathers the moments at every BatchNormalization, over all its calls. Every batch is normalized with its own statistics on the way, as in
 * training, so that all layers can be measured in one pass.
 *
 * @param graph The network.
 * @param model The same network in TensorFlow.js.
 * @param batches Batches of images; disposed.
 * @returns Moments by layer of every batch, in order.
 */
export async function measureBatchNorm(
  graph: LayerGraph,
  model: tf.LayersModel,
  batches: AsyncIterable<Pick<ImageBatch, "inputs">>,
): Promise<Map<string, ChannelMoments>[]> {
  const moments: Map<string, ChannelMoments>[] = [];
  const report: MomentSink = (layer, sums, squares, count) => {
    const batch = moments.at(-1)!;
    const own = { sums: Float64Array.from(sums), squares: Float64Array.from(squares), count };
    const before = batch.get(layer);
    batch.set(layer, before ? sumOf(before, own) : own);
  };
  const batchStatistics = { kernels: await loadKernels(), report };
  const plan = new ForwardPlan(graph, model, { batchStatistics });
  try {
    for await (const { inputs } of batches) {
      moments.push(new Map());
      tf.dispose(plan.predict(inputs));
    }
  } finally {
    plan.dispose();
  }
  return moments;
}

function sumOf(first: ChannelMoments, second: ChannelMoments): ChannelMoments {
  return {
    sums: first.sums.map((sum, channel) => sum + second.sums[channel]),
    squares: first.squares.map((square, channel) => square + second.squares[channel]),
    count: first.count + second.count,
  };
}

/**
 * Adds up moments of batches in the order given, so that the same batches give the same bits.
 *
 * @param batches Moments by layer of every batch.
 * @returns Moments by layer.
 */
export function addChannelMoments(
  batches: readonly ReadonlyMap<string, ChannelMoments>[],
): Map<string, ChannelMoments> {
  const total = new Map<string, ChannelMoments>();
  for (const [layer, moments] of batches.flatMap((batch) => [...batch])) {
    const known = total.get(layer);
    total.set(layer, known ? sumOf(known, moments) : moments);
  }
  return total;
}

/**
 * Statistics of BatchNormalization layers of a cut network that follow what the cut has changed. Those of a trained network
 * come from the images of its training, moved and mirrored; on other images it has others, with which it may be much worse.
 * So the change is carried over, and not what is measured:
 *
 *     mean = mean₀ + (measured − measured₀)
 *     variance + ε = (variance₀ + ε) · (measured + ε) / (measured₀ + ε)
 *
 * with ₀ of the original. A network of which nothing was cut keeps its statistics.
 *
 * @param graph The cut network.
 * @param moments Its moments by layer; layers without keep their statistics.
 * @param original The original's layers with the channels that stay, as it was trained.
 * @param measured The same with the moments of the same images.
 * @returns The network with moved statistics; the given one is unchanged.
 */
export function followBatchNorm(
  graph: LayerGraph,
  moments: ReadonlyMap<string, ChannelMoments>,
  original: LayerGraph,
  measured: LayerGraph,
): LayerGraph {
  const [trained, seen] = [original, measured].map(({ nodes }) => nodesByKey(nodes));
  const replaced = withBatchNormMoments(graph, moments);
  const follow = (node: LayerNode): LayerNode => {
    if (!moments.has(node.name)) return node;
    const epsilon = Number(node.config.epsilon ?? 1e-3);
    const valuesOf = (role: string) =>
      [node, trained.get(node.key)!, seen.get(node.key)!].map(({ weights }) =>
        weights.get(role)!.values
      );
    const [mean, meanThen, meanSeen] = valuesOf("moving_mean");
    const [variance, varianceThen, varianceSeen] = valuesOf("moving_variance");
    const change = (channel: number) =>
      (variance[channel] + epsilon) / (varianceSeen[channel] + epsilon);
    return withStatistics(
      node,
      Float32Array.from(mean, (own, channel) => own + meanThen[channel] - meanSeen[channel]),
      Float32Array.from(
        varianceThen,
        (then, channel) => Math.max(0, (then + epsilon) * change(channel) - epsilon),
      ),
    );
  };
  return { ...replaced, nodes: replaced.nodes.map(follow) };
}

function withStatistics(node: LayerNode, mean: Float32Array, variance: Float32Array): LayerNode {
  const weights = new Map(node.weights);
  weights.set("moving_mean", { ...weights.get("moving_mean")!, values: mean });
  weights.set("moving_variance", { ...weights.get("moving_variance")!, values: variance });
  return { ...node, weights };
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
    const measured = moments.get(node.name);
    if (measured === undefined) return node;
    const { sums, squares, count } = measured;
    const mean = Float32Array.from(sums, (sum) => sum / count);
    const variance = Float32Array.from(
      squares,
      (square, channel) => Math.max(0, square / count - (sums[channel] / count) ** 2),
    );
    return withStatistics(node, mean, variance);
  };
  return { ...graph, nodes: graph.nodes.map(replace) };
}
