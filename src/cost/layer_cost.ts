import { kernelPositions, type LayerGraph, type LayerNode } from "../graph/mod.ts";
import type { Weight } from "../model/mod.ts";

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
  /** Of these, those of all but Dense layers, selectors included. */
  readonly convMacs: number;
  /** Weights of all layers, moving statistics included. */
  readonly params: number;
}

/** Classes whose multiply–accumulates are those of convolutions. */
export const CONVOLUTIONS: ReadonlySet<string> = new Set([
  "Conv1D",
  "Conv2D",
  "Conv2DTranspose",
  "Conv3D",
  "Conv3DTranspose",
  "DepthwiseConv2D",
  "SeparableConv2D",
]);

const KERNEL_ROLES = ["kernel", "depthwise_kernel", "pointwise_kernel"];

/** The weights of a layer that multiply, where it has some that count as multiply–accumulates. */
export function kernelsOf({ className, weights }: LayerNode): Weight[] {
  const isCounted = CONVOLUTIONS.has(className) || className === "Dense";
  return isCounted ? KERNEL_ROLES.flatMap((role) => weights.get(role) ?? []) : [];
}

/**
 * Cost of one layer. A layer that is called several times is counted at every call, its weights at the first.
 *
 * @param node The layer.
 * @returns Multiply–accumulates and weights; other layers than convolutions and Dense cost no multiply–accumulates.
 */
export function layerCost(node: LayerNode): LayerCost {
  const params = node.key === node.name ? countValues([...node.weights.values()]) : 0;
  const kernels = kernelsOf(node);
  return { macs: kernels.length > 0 ? countValues(kernels) * kernelPositions(node) : 0, params };
}

function countValues(weights: readonly Weight[]): number {
  return weights.reduce((sum, { values }) => sum + values.length, 0);
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
