import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  MODEL_OUTPUT,
  nodesByKey,
} from "../layer_graph.ts";
import {
  activationArgument,
  asDepthwise,
  batchNormAffine,
  isChannelNorm,
  isLinearMap,
  isWithoutActivation,
  scaleOutputs,
  withActivation,
} from "../affine.ts";

/**
 * Splits a graph into chains of neighboring layers that {@link mergeChain} can make one of: a convolution or Dense layer
 * with the BatchNormalization and the activation behind it, a BatchNormalization over images with its activation, and any
 * other layer alone.
 *
 * @param graph The network.
 * @returns The chains, in graph order of their first layers; nothing but the next layer reads what is inside one.
 */
export function foldableChains(graph: LayerGraph): LayerNode[][] {
  const byKey = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  const taken = new Set<LayerNode>();
  const followerOf = (node: LayerNode): LayerNode | undefined => {
    const [only, ...more] = consumers.get(node.key)!;
    return only === MODEL_OUTPUT || more.length > 0 ? undefined : byKey.get(only);
  };
  const chains: LayerNode[][] = [];
  for (const node of graph.nodes) {
    if (taken.has(node)) continue;
    const chain = [node];
    const isMap = isLinearMap(node) && isWithoutActivation(node);
    let next = isMap || isImageNorm(node) ? followerOf(node) : undefined;
    for (; next && isChannelNorm(next); next = followerOf(next)) chain.push(next);
    if (next && activationArgument(next) !== undefined) chain.push(next);
    for (const folded of chain) taken.add(folded);
    chains.push(chain);
  }
  return chains;
}

/** Whether a layer is a BatchNormalization of images, which is a depthwise convolution where it stands alone. */
export function isImageNorm(node: LayerNode): boolean {
  return isChannelNorm(node) && node.outputShape.length === 3;
}

/**
 * Makes one layer of a chain.
 *
 * @param chain One of {@link foldableChains}.
 * @returns A layer of the first one's name that computes what the chain does; the given ones are unchanged.
 */
export function mergeChain([first, ...rest]: readonly LayerNode[]): LayerNode {
  return rest.reduce(
    (merged, node) =>
      node.className === "BatchNormalization"
        ? scaleOutputs(merged, batchNormAffine(node))
        : withActivation(merged, activationArgument(node)),
    isImageNorm(first) ? asDepthwise(first) : first,
  );
}
