import { consumersByNode, type LayerGraph, type LayerNode, nodesByKey } from "../layer_graph.ts";
import { putInGraphOrder } from "../graph_order.ts";
import {
  activationArgument,
  batchNormAffine,
  isChannelNorm,
  readsUnpadded,
  scaleInputs,
  valueReach,
} from "../affine.ts";
import { foldableChains, isImageNorm, mergeChain } from "./chains.ts";
import { shiftStreams } from "./shifted_streams.ts";

/** Layers that do nothing at inference. */
const TRAINING_LAYERS = new Set([
  "ActivityRegularization",
  "AlphaDropout",
  "Dropout",
  "GaussianDropout",
  "GaussianNoise",
  "SpatialDropout1D",
  "SpatialDropout2D",
]);

/**
 * Makes a network ready for use: it computes the same at inference with fewer layers, and all of them are ordinary ones.
 *
 * Layers that only training needs are left out. A BatchNormalization goes into the convolution or Dense layer in front of
 * it (a one-hot selector among them), otherwise into those behind it where none of them pads what it reads; what is left
 * of it over images becomes a 1×1 depthwise convolution with a bias, or a ReLU alone ({@link shiftStreams}). Activations
 * become the `activation` argument of the layer in front of them.
 *
 * @param graph The network.
 * @returns The folded network; the given one is unchanged.
 */
export function foldGraph(graph: LayerGraph): LayerGraph {
  const lean = foldAhead(dropIdentities(graph));
  const norms = foldableChains(lean).map(([first]) => first).filter(isImageNorm);
  const reaches = new Map(norms.map((norm) => [norm.key, valueReach(norm)]));
  const folded = shiftStreams(mergeChains(lean), reaches);
  return { ...folded, nodes: putInGraphOrder(folded.nodes, folded.outputs) };
}

/** Leaves nodes out of a graph: what they made comes to mean other tensors, by key. */
function replaceTensors(
  graph: LayerGraph,
  nodes: readonly LayerNode[],
  replacements: ReadonlyMap<string, string>,
): LayerGraph {
  const resolve = (tensor: string): string => {
    const source = replacements.get(tensor);
    return source === undefined ? tensor : resolve(source);
  };
  return {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(resolve) })),
    outputs: graph.outputs.map(resolve),
  };
}

/** Leaves out what changes nothing at inference, unless it stands between an input and an output of the model. */
function dropIdentities(graph: LayerGraph): LayerGraph {
  const dropped = new Map<string, string>();
  for (const node of graph.nodes) {
    const isIdentity = TRAINING_LAYERS.has(node.className) || activationArgument(node) === "linear";
    if (isIdentity) dropped.set(node.key, node.inputs[0]);
  }
  const left = graph.nodes.filter((node) => !dropped.has(node.key));
  const lean = replaceTensors(graph, left, dropped);
  return lean.outputs.some((tensor) => graph.inputs.includes(tensor)) ? graph : lean;
}

/** Takes every BatchNormalization that stands alone into the layers that read it, where all of them can. */
function foldAhead(graph: LayerGraph): LayerGraph {
  const nodes = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  const dropped = new Map<string, string>();
  for (const [norm, ...behind] of foldableChains(graph)) {
    if (!isChannelNorm(norm) || behind.length > 0) continue;
    const readers = consumers.get(norm.key)!.map((key) => nodes.get(key));
    const unpadded = readers.filter((reader) => reader !== undefined && readsUnpadded(reader));
    if (unpadded.length < readers.length) continue;
    const affine = batchNormAffine(norm);
    for (const reader of unpadded) nodes.set(reader!.key, scaleInputs(reader!, affine));
    dropped.set(norm.key, norm.inputs[0]);
    nodes.delete(norm.key);
  }
  return replaceTensors(graph, [...nodes.values()], dropped);
}

/** Makes one layer of every chain, which keeps the name of its first. */
function mergeChains(graph: LayerGraph): LayerGraph {
  const chains = foldableChains(graph);
  const ends = new Map(
    chains.filter(({ length }) => length > 1).map((chain) => [chain.at(-1)!.key, chain[0].key]),
  );
  return replaceTensors(graph, chains.map(mergeChain), ends);
}
