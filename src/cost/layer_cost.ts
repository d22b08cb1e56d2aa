import type { LayerGraph, LayerNode } from "../graph/mod.ts";

/** What a layer costs for one image. */
export interface LayerCost {
  /** Multiply–accumulates. */
  readonly macs: number;
  /** Weights, moving statistics included. */
  readonly params: number;
}

/** What a network costs for one image. */
export interface NetworkCost {
  /** Multiply–accumulates of convolutions, depthwise convolutions and Dense layers. */
  readonly macs: number;
  /** Of these, those of Conv2D and DepthwiseConv2D layers, selectors included. */
  readonly convMacs: number;
  /** Weights of all layers, moving statistics included. */
  readonly params: number;
}

/** Classes whose multiply–accumulates are those of convolutions. */
export const CONVOLUTIONS = new Set(["Conv2D", "DepthwiseConv2D"]);

function product(values: readonly (number | null)[]): number {
  return values.reduce<number>((result, value) => result * (value ?? 1), 1);
}

/**
 * Cost of one layer. A layer that is called several times is counted at every call, its weights at the first.
 *
 * @param node The layer.
 * @returns Multiply–accumulates and weights; layers without a kernel cost no multiply–accumulates.
 */
export function layerCost(node: LayerNode): LayerCost {
  const params = node.key === node.name
    ? [...node.weights.values()].reduce((sum, weight) => sum + weight.values.length, 0)
    : 0;
  const kernel = node.weights.get("kernel") ?? node.weights.get("depthwise_kernel");
  if (kernel === undefined) return { macs: 0, params };
  const positions = product(node.outputShape.slice(0, -1));
  switch (node.className) {
    case "Conv2D":
    case "DepthwiseConv2D":
    case "Dense":
      return { macs: kernel.values.length * positions, params };
    default:
      return { macs: 0, params };
  }
}

/**
 * Cost of a network: the sum over its layers. Layers inside nested models count weights only.
 *
 * @param graph The network.
 * @returns Its cost for one image.
 */
export function networkCost(graph: LayerGraph): NetworkCost {
  let [macs, convMacs, params] = [0, 0, 0];
  for (const node of graph.nodes) {
    const cost = layerCost(node);
    macs += cost.macs;
    params += cost.params;
    if (CONVOLUTIONS.has(node.className)) convMacs += cost.macs;
  }
  for (const weight of graph.otherWeights.values()) params += weight.values.length;
  return { macs, convMacs, params };
}
