import {
  type ChannelMap,
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
} from "../graph/mod.ts";

/** Rules of layers that a product of matrices is in. */
const PRODUCTS: ReadonlySet<string> = new Set(["convolution", "dense", "depthwise", "select"]);

/**
 * Layers that a runtime that compiles networks makes part of the product ahead of them: BatchNormalization, whose numbers go
 * into the kernel, and ReLU and ReLU6 of what nobody else reads.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @returns Keys of the layers.
 */
export function findFusedLayers(graph: LayerGraph, map: ChannelMap): Set<string> {
  const consumers = consumersByNode(graph);
  const outputs = new Set(graph.outputs.map(nodeKeyOf));
  const fused = new Set<string>();
  for (const node of graph.nodes) {
    if (!isFusible(node) || node.inputs.length !== 1) continue;
    const source = nodeKeyOf(node.inputs[0]);
    const isProduct = PRODUCTS.has(map.rules.get(source)!.kind) || fused.has(source);
    if (isProduct && consumers.get(source)!.length === 1 && !outputs.has(source)) {
      fused.add(node.key);
    }
  }
  return fused;
}

function isFusible({ className, config }: LayerNode): boolean {
  if (className === "BatchNormalization") return true;
  const activation = className === "Activation" ? config.activation : undefined;
  if (activation === "relu" || activation === "relu6") return true;
  return className === "ReLU" && [undefined, null, 6].includes(config.max_value as number);
}
