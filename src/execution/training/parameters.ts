import { type LayerGraph, type LayerNode, nodesByKey } from "../../graph/mod.ts";
import type { Weight } from "../../model/mod.ts";

/** A weight's place in the flat array that workers share. */
export interface ParameterSlot {
  /** Key of the layer. */
  readonly key: string;
  /** Role of the weight in it. */
  readonly role: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** First element in the flat array. */
  readonly offset: number;
  /** Number of elements. */
  readonly length: number;
  /** Whether weight decay applies: to kernels, not to biases, γ, β and PReLU's α. */
  readonly decays: boolean;
}

/** How a network's weights lie in one flat array: first what is trained, then BatchNormalization's statistics. */
export interface ParameterLayout {
  /** What is trained by gradients. */
  readonly trained: readonly ParameterSlot[];
  /** Moving means and variances. */
  readonly statistics: readonly ParameterSlot[];
  /** Elements of `trained`. */
  readonly trainedLength: number;
  /** Elements in all. */
  readonly length: number;
}

const STATISTICS = new Set(["moving_mean", "moving_variance"]);

/** Whether a layer takes part in training; frozen layers, such as one-hot selectors, do not. */
export function isTrainable(node: LayerNode): boolean {
  return node.config.trainable !== false;
}

/**
 * Lays out a network's weights. Weights of frozen layers and of layers inside nested models are left out.
 *
 * @param graph The network.
 * @returns The layout; the same for every copy of the network.
 */
export function layOutParameters(graph: LayerGraph): ParameterLayout {
  const nodes = graph.nodes.filter((node) => node.key === node.name && isTrainable(node));
  let offset = 0;
  const slotsOf = (wantsStatistics: boolean): ParameterSlot[] =>
    nodes.flatMap((node) =>
      [...node.weights].flatMap(([role, { shape, values }]) => {
        if (STATISTICS.has(role) !== wantsStatistics) return [];
        const decays = role.endsWith("kernel");
        const slot = { key: node.key, role, shape, offset, length: values.length, decays };
        offset += values.length;
        return [slot];
      })
    );
  const trained = slotsOf(false);
  const trainedLength = offset;
  const statistics = slotsOf(true);
  return { trained, statistics, trainedLength, length: offset };
}

/** Copies a network's weights into the flat array. */
export function packParameters(
  graph: LayerGraph,
  layout: ParameterLayout,
  flat: Float32Array,
): void {
  const nodes = nodesByKey(graph.nodes);
  for (const { key, role, offset } of [...layout.trained, ...layout.statistics]) {
    flat.set(nodes.get(key)!.weights.get(role)!.values as Float32Array, offset);
  }
}

/**
 * Puts the weights of the flat array into a network.
 *
 * @param graph The network.
 * @param layout Its layout.
 * @param flat The weights; copied.
 * @returns The network with these weights; the given one is unchanged.
 */
export function unpackParameters(
  graph: LayerGraph,
  layout: ParameterLayout,
  flat: Float32Array,
): LayerGraph {
  const changed = new Map<string, Map<string, Weight>>();
  for (const { key, role, offset, length } of [...layout.trained, ...layout.statistics]) {
    const node = graph.nodes.find((each) => each.key === key)!;
    const weights = changed.get(key) ?? new Map(node.weights);
    const values = flat.slice(offset, offset + length);
    weights.set(role, { ...weights.get(role)!, values });
    changed.set(key, weights);
  }
  const nodes = graph.nodes.map((node) => {
    const weights = changed.get(node.name);
    return weights ? { ...node, weights } : node;
  });
  return { ...graph, nodes };
}
