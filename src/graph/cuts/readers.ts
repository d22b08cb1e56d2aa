import { type ChannelMap, spacesOfTensor } from "../channels/channel_spaces.ts";
import { kernelAxes, kernelPositions } from "../kernel.ts";
import {
  consumersByNode,
  isFirstCall,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  nodesByKey,
} from "../layer_graph.ts";
import { findResidualBlocks, type ResidualBlock } from "./residual_blocks.ts";
import { findSelectorPlace, selectorWindow } from "./surgery.ts";

/**
 * How a convolution's input channels can be cut:
 *
 * - `private`: nothing else reads them, so they leave their producers too;
 * - `select`: others read them, so this convolution alone keeps a subset, behind a one-hot 1×1 convolution;
 * - `couple`: others read them, and all of them lose the same channels;
 * - `whole`: not at all.
 */
export type CutMode = "private" | "select" | "couple" | "whole";

/** What happens to channels that several layers read. */
export type SharedMode = "select" | "couple";

/** A layer that reads channels and mixes them, its place and its possibilities. */
export interface ReaderPlace {
  /** Key of the layer. */
  readonly key: string;
  /** Its place in the ratio list, from 1; absent for Dense layers, which have none. */
  readonly place?: number;
  /** Different channels it reads. */
  readonly channels: number;
  /** How they can be cut. */
  readonly mode: CutMode;
  /** The spaces it reads that are cut as one each, in order of first position, for `couple`. */
  readonly spaces?: readonly number[];
  /** The residual block that leaves the network when this layer reads none of its channels. */
  readonly block?: ResidualBlock;
  /** Why it stays whole. */
  readonly reason?: string;
}

/** How a layer's input positions map to its own numbering of channels, 0 … channels − 1. */
export interface InputChannels {
  /** Own channel number of every input position. */
  readonly channelOf: Int32Array;
  /** Global channel number of every own one. */
  readonly globals: Int32Array;
}

/**
 * Numbers the channels that a layer reads, in order of first position.
 *
 * @param map The channel map.
 * @param node The layer.
 * @returns Own number of every position, global number of every own one.
 */
export function inputChannels(map: ChannelMap, node: LayerNode): InputChannels {
  const layout = map.layouts.get(nodeKeyOf(node.inputs[0]))!;
  const ownOf = new Map<number, number>();
  const channelOf = layout.map((channel) => {
    if (!ownOf.has(channel)) ownOf.set(channel, ownOf.size);
    return ownOf.get(channel)!;
  });
  return { channelOf, globals: Int32Array.from(ownOf.keys()) };
}

/** Classes that have a place in the ratio list, if only as layers that stay whole. */
const LISTED_CLASSES = new Set([
  "Conv1D",
  "Conv2D",
  "Conv2DTranspose",
  "Conv3D",
  "Conv3DTranspose",
  "SeparableConv2D",
]);

/**
 * Lists the layers about whose input channels something can be decided: convolutions (of separable ones the pointwise
 * one) and Dense layers, in graph order. Convolutions have places in a ratio list, projections counted; depthwise ones and
 * selectors are not listed.
 *
 * A layer that reads an input of the model stays whole, wherever it stands.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param shared What happens to channels that several layers read.
 * @returns Every layer's place and how it can be cut.
 */
export function listReaders(
  graph: LayerGraph,
  map: ChannelMap,
  shared: SharedMode,
): ReaderPlace[] {
  const ruleOf = (node: LayerNode) => map.rules.get(node.key)!;
  const isListed = ({ className }: LayerNode) => LISTED_CLASSES.has(className);
  const nodes = graph.nodes.filter((node) =>
    (isListed(node) || node.className === "Dense") && ruleOf(node).kind !== "select" &&
    isFirstCall(node)
  );
  const listed = nodes.filter(isListed);
  const blocks = findResidualBlocks(graph, map);
  const places = nodes.map((node): ReaderPlace => {
    const place = listed.indexOf(node) + 1;
    const base = {
      key: node.key,
      ...(place > 0 && { place }),
      channels: widthOf(map, node),
    };
    const rule = ruleOf(node);
    if (rule.kind === "opaque") return { ...base, mode: "whole", reason: rule.reason };
    const input = modelInputOf(map, node);
    if (input !== undefined) {
      return { ...base, mode: "whole", reason: `it reads ${input}, an input of the model` };
    }
    if (base.channels < 2) return { ...base, mode: "whole", reason: "it reads one channel only" };
    const { mode, ...rest } = cutModeOf(node, map, shared);
    const block = mode === "private" ? blocks.get(node.key) : undefined;
    return { ...base, mode, ...rest, ...(block && { block }) };
  });
  return places.map((place) => wholeWithReaders(place, places, map));
}

/** The model's input whose channels a layer reads, if it reads any. */
function modelInputOf(map: ChannelMap, node: LayerNode): string | undefined {
  return spacesOfTensor(map, node.inputs[0]).flatMap(({ producers }) => producers)
    .find((producer) => map.rules.get(producer)!.kind === "source");
}

/** A shared space that one layer reads whole is whole for the others too. */
function wholeWithReaders(
  place: ReaderPlace,
  places: readonly ReaderPlace[],
  map: ChannelMap,
): ReaderPlace {
  const { spaces, ...base } = place;
  if (spaces === undefined) return place;
  const keeperOf = (space: number) =>
    places.find(({ key, mode }) => mode === "whole" && map.spaces[space].consumers.includes(key));
  const open = spaces.filter((space) => keeperOf(space) === undefined);
  if (open.length > 0) return { ...place, spaces: open };
  const keeper = keeperOf(spaces[0])!;
  return {
    ...base,
    mode: "whole",
    reason: `layer ${keeper.key} reads the same channels, and ${keeper.reason}`,
  };
}

function widthOf(map: ChannelMap, node: LayerNode): number {
  return new Set(map.layouts.get(nodeKeyOf(node.inputs[0]))).size;
}

function cutModeOf(
  node: LayerNode,
  map: ChannelMap,
  shared: SharedMode,
): Pick<ReaderPlace, "mode" | "spaces" | "reason"> {
  const spaces = spacesOfTensor(map, node.inputs[0]);
  const open = spaces.filter(({ frozen }) => frozen === undefined);
  const isPrivate = open.length === spaces.length &&
    spaces.every(({ consumers }) => consumers.length === 1);
  if (isPrivate) return { mode: "private" };
  if (shared === "select" && node.className !== "Dense") return { mode: "select" };
  if (open.length === 0) return { mode: "whole", reason: spaces[0].frozen };
  if (shared === "select") {
    return {
      mode: "whole",
      reason: "others read its channels too, and Dense layers do not select",
    };
  }
  return { mode: "couple", spaces: open.map(({ id }) => id) };
}

/**
 * What a selection saves: multiply–accumulates of the convolution before, and of a selector that it does without, less
 * those of selector and convolution after, at all calls of the convolution.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param key The convolution.
 * @param kept Input positions it would keep.
 * @returns The saving for one image; not positive when the selector costs as much as it saves.
 */
export function selectionSaving(
  graph: LayerGraph,
  map: ChannelMap,
  key: string,
  kept: number,
): number {
  const nodes = nodesByKey(graph.nodes);
  return graph.nodes.filter(({ name }) => name === key)
    .reduce((sum, call) => sum + savingOfCall(graph, map, nodes, call, kept), 0);
}

function savingOfCall(
  graph: LayerGraph,
  map: ChannelMap,
  nodes: ReadonlyMap<string, LayerNode>,
  node: LayerNode,
  kept: number,
): number {
  const place = findSelectorPlace(nodes, map, node.key);
  const { strides } = selectorWindow(nodes, place, node);
  const { outputShape } = nodes.get(nodeKeyOf(place.source))!;
  const visited = outputShape.slice(0, -1).reduce<number>(
    (all, size, axis) => all * Math.ceil((size ?? 1) / strides[axis]),
    1,
  );
  const perInput = multiplications(node) /
    node.weights.get("kernel")!.shape[kernelAxes(node).input];
  const inputs = map.layouts.get(nodeKeyOf(node.inputs[0]))!.length;
  const isFormerGone = place.former !== undefined &&
    consumersByNode(graph).get(place.former)!.length === 1;
  const former = isFormerGone ? multiplications(nodes.get(place.former!)!) : 0;
  return perInput * (inputs - kept) + former - visited * outputShape.at(-1)! * kept;
}

function multiplications(node: LayerNode): number {
  return kernelPositions(node) * node.weights.get("kernel")!.values.length;
}
