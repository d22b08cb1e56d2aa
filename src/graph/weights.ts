import type { Weight } from "../model/mod.ts";
import { CONVOLUTION_CLASSES } from "./kernel.ts";
import { consumersByNode, type LayerGraph, type LayerNode } from "./layer_graph.ts";
import { activationOf, isLastAxis } from "./options.ts";

/**
 * Replaces the weights of one layer, at all its calls.
 *
 * @param graph The network.
 * @param name The layer's name, which is the key of its first call.
 * @param weights Its new weights by role; a `bias` where there was none turns `use_bias` on.
 * @returns The network with the new weights; the given one is unchanged.
 */
export function withWeights(
  graph: LayerGraph,
  name: string,
  weights: Map<string, Weight>,
): LayerGraph {
  const nodes = graph.nodes.map((node) => {
    if (node.name !== name) return node;
    const gainsBias = weights.has("bias") && !node.weights.has("bias");
    return {
      ...node,
      weights,
      config: gainsBias ? { ...node.config, use_bias: true } : node.config,
    };
  });
  return { ...graph, nodes };
}

/**
 * Moves biases that a layer did not have before into the moving mean of the BatchNormalization behind it, where there
 * is one: BN(x + b) with mean m is BN(x) with mean m − b.
 *
 * @param graph The network with repaired layers.
 * @param original The same network before; its layers say who had a bias.
 * @returns The network with as few new biases as possible; outputs are the same.
 */
export function absorbBiases(graph: LayerGraph, original: LayerGraph): LayerGraph {
  const consumers = consumersByNode(graph);
  const hadBias = new Set(
    original.nodes.filter((node) => node.weights.has("bias")).map((node) => node.key),
  );
  const changed = new Map<string, LayerNode>();
  for (const node of graph.nodes) {
    const bias = node.weights.get("bias");
    const readers = consumers.get(node.key)!;
    const norm = graph.nodes.find((other) => other.key === readers[0]);
    if (
      !isMixing(node) || bias === undefined || hadBias.has(node.key) ||
      node.calls > 1 ||
      activationOf(node) !== "linear" || readers.length !== 1 || !norm || !shiftsChannels(norm)
    ) continue;
    const weights = new Map(node.weights);
    weights.delete("bias");
    changed.set(node.key, { ...node, weights, config: { ...node.config, use_bias: false } });
    const mean = norm.weights.get("moving_mean")!;
    const shifted = (mean.values as Float32Array).map((value, c) => value - bias.values[c]);
    const normWeights = new Map(norm.weights).set("moving_mean", { ...mean, values: shifted });
    changed.set(norm.key, { ...norm, weights: normWeights });
  }
  return { ...graph, nodes: graph.nodes.map((node) => changed.get(node.key) ?? node) };
}

function isMixing({ className }: LayerNode): boolean {
  return CONVOLUTION_CLASSES.has(className) || className === "Dense";
}

function shiftsChannels({ className, calls, config, outputShape }: LayerNode): boolean {
  return className === "BatchNormalization" && calls === 1 &&
    isLastAxis(config.axis ?? -1, outputShape.length);
}
