import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { networkCost } from "../../src/cost/layer_cost.ts";
import { type ChannelMap, findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import {
  consumersByNode,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
} from "../../src/graph/layer_graph.ts";
import { type Cuts, noCuts, shrinkGraph } from "../../src/graph/cuts/surgery.ts";
import { type Network, openNetwork } from "../../src/graph/opening/network.ts";
import { writeGraph } from "../../src/graph/write_graph.ts";
import { disposeModel, instantiate } from "../../src/model/instantiate.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { createRandom } from "../../src/base/random.ts";
import { largestDifference } from "../support/networks.ts";

/** Classes of layers that mix the channels they read. */
const MIXING = new Set(["Conv1D", "Conv2D", "Conv2DTranspose", "Dense"]);

/**
 * Runs a network layer by layer with stock TensorFlow.js; what a convolution or Dense layer reads is multiplied by 0
 * where it is cut.
 */
export function runMasked(
  { model, graph, map }: Pick<OpenedNetwork, "model" | "graph" | "map">,
  cuts: Cuts,
  images: readonly tf.Tensor[],
): tf.Tensor[] {
  return tf.tidy(() => {
    const tensors = new Map(graph.inputs.map((key, index) => [key, images[index]]));
    for (const node of graph.nodes) {
      if (tensors.has(node.key)) continue;
      const inputs = node.inputs.map((name) => tensors.get(name)!);
      if (MIXING.has(node.className) && map.rules.get(node.key)!.kind !== "select") {
        const layout = layoutRead(map, node);
        const selected = cuts.selections.get(node.name);
        const mask = Array.from(
          layout,
          (channel, position) =>
            cuts.removed[channel] || selected && !selected.includes(position) ? 0 : 1,
        );
        inputs[0] = inputs[0].mul(tf.tensor1d(mask));
      }
      const made = model.getLayer(node.name).apply(inputs.length > 1 ? inputs : inputs[0]);
      ([made].flat() as tf.Tensor[]).forEach((tensor, index) =>
        tensors.set(index === 0 ? node.key : `${node.key}#${index}`, tensor)
      );
    }
    return graph.outputs.map((name) => tensors.get(name)!);
  });
}

/** A network with its channel spaces; separable convolutions are split in all its forms. */
export interface OpenedNetwork extends Network {
  readonly file: ModelFile;
  readonly map: ChannelMap;
}

/** Opens a model as surgery sees it. Dispose the model. */
export async function openSplit(file: ModelFile): Promise<OpenedNetwork> {
  const { model, graph } = await openNetwork(file);
  disposeModel(model);
  const split = writeGraph(graph, file);
  const opened = await openNetwork(split);
  return { ...opened, file: split, map: findChannelSpaces(opened.graph) };
}

/** Random values for every input of a model, 8 rows and columns where its size is open. */
export function randomInputs(model: tf.LayersModel, count: number, seed = 7): tf.Tensor[] {
  return model.inputs.map(({ shape }, index) => {
    const extents = shape.slice(1).map((extent) => extent ?? 8);
    return tf.randomNormal([count, ...extents], 0, 1, "float32", seed + index);
  });
}

/** The shrunk network gives what the masked one gives, and is what its graph says about size and shapes. */
export async function assertMaskedEqualsShrunk(
  network: OpenedNetwork,
  cuts: Cuts,
  images: readonly tf.Tensor[],
  tolerance: number,
): Promise<void> {
  const shrunk = shrinkGraph(network.graph, network.map, cuts);
  const smaller = await instantiate(writeGraph(shrunk, network.file));
  const wanted = runMasked(network, cuts, images);
  const found = [smaller.predict([...images])].flat();
  assertClose(found, wanted, tolerance);
  assert.equal(networkCost(shrunk).params, smaller.countParams());
  for (const node of shrunk.nodes.filter(({ calls }) => calls === 1)) {
    const layer = smaller.layers.find((each) => each.name === node.name);
    const shape = layer?.outputShape as (number | null)[] | undefined;
    shape?.slice(1).forEach((size, axis) => {
      if (size !== null) assert.equal(node.outputShape[axis], size, node.key);
    });
  }
  tf.dispose([wanted, found]);
  disposeModel(smaller);
}

/** Outputs differ by less than the tolerance, relative to their largest value where that is above 1. */
export function assertClose(
  found: readonly tf.Tensor[],
  wanted: readonly tf.Tensor[],
  tolerance: number,
): void {
  assert.deepEqual(found.map(({ shape }) => shape), wanted.map(({ shape }) => shape));
  wanted.forEach((output, index) => {
    const scale = tf.tidy(() => Math.max(1, tf.max(tf.abs(output)).arraySync() as number));
    const difference = largestDifference(found[index], output) / scale;
    assert.ok(difference < tolerance, `output ${index} differs by ${difference}`);
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
    if (node.key !== node.name || map.rules.get(node.key)!.kind !== "convolution") continue;
    const layout = layoutRead(map, node);
    const isCut = layout.some((channel) => removed[channel] === 1);
    if (isCut || consumers.get(node.key)!.length === 0) continue;
    const kept = Int32Array.from(layout.keys()).filter((place) => place === 0 || random() < 0.5);
    selections.set(node.key, kept);
  }
  return { removed, selections };
}
