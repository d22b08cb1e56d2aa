import * as tf from "@tensorflow/tfjs";
import {
  type ChannelMap,
  consumersByNode,
  type Cuts,
  type LayerGraph,
  type LayerNode,
  noCuts,
  nodeKeyOf,
} from "../../src/graph/mod.ts";
import { createRandom } from "../../src/random.ts";

/**
 * Runs a network layer by layer with stock TensorFlow.js; what a convolution or Dense layer reads is multiplied by 0
 * where it is cut.
 */
export function runMasked(
  model: tf.LayersModel,
  graph: LayerGraph,
  map: ChannelMap,
  cuts: Cuts,
  images: tf.Tensor4D,
): tf.Tensor {
  return tf.tidy(() => {
    const tensors = new Map<string, tf.Tensor>([[graph.inputs[0], images]]);
    for (const node of graph.nodes) {
      if (tensors.has(node.key)) continue;
      const kind = map.rules.get(node.key)!.kind;
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      if (kind === "convolution" || kind === "dense") {
        const layout = layoutRead(map, node);
        const selected = cuts.selections.get(node.key);
        const mask = Array.from(
          layout,
          (channel, position) =>
            cuts.removed[channel] || selected && !selected.includes(position) ? 0 : 1,
        );
        inputs[0] = inputs[0].mul(tf.tensor1d(mask));
      }
      const layer = model.getLayer(node.name);
      tensors.set(node.key, layer.apply(inputs.length > 1 ? inputs : inputs[0]) as tf.Tensor);
    }
    return tensors.get(graph.outputs[0])!;
  });
}

function layoutRead(map: ChannelMap, node: LayerNode): Int32Array {
  return map.layouts.get(nodeKeyOf(node.inputs[0]))!;
}

function readersOf(graph: LayerGraph, map: ChannelMap): LayerNode[] {
  const kinds = ["convolution", "dense"];
  return graph.nodes.filter(({ key }) => kinds.includes(map.rules.get(key)!.kind));
}

/**
 * Cuts at random: about half of the channels of every space that may shrink, and selections for convolutions that read
 * what others read too. Every layer keeps the first channel that it reads.
 */
export function randomCuts(
  graph: LayerGraph,
  map: ChannelMap,
  { seed, select }: { seed: number; select: boolean },
): Cuts {
  const random = createRandom(seed);
  const { removed, selections } = noCuts(map);
  const needed = new Set(readersOf(graph, map).map((node) => layoutRead(map, node)[0]));
  map.spaces.forEach((space) => {
    const isShared = space.consumers.length > 1;
    if (space.frozen !== undefined || space.consumers.length === 0 || isShared && select) return;
    map.channels.forEach((reference, channel) => {
      if (reference.space === space.id && !needed.has(channel) && random() < 0.5) {
        removed[channel] = 1;
      }
    });
  });
  if (!select) return { removed, selections };
  const consumers = consumersByNode(graph);
  for (const node of graph.nodes) {
    if (map.rules.get(node.key)!.kind !== "convolution") continue;
    const layout = layoutRead(map, node);
    const isCut = layout.some((channel) => removed[channel] === 1);
    if (isCut || consumers.get(node.key)!.length === 0) continue;
    const kept = Int32Array.from(layout.keys()).filter((place) => place === 0 || random() < 0.5);
    selections.set(node.key, kept);
  }
  return { removed, selections };
}
