import { type ChannelMap, type ChannelSpace, spacesOfTensor } from "./channel_spaces.ts";
import { type LayerGraph, type LayerNode, nodeKeyOf } from "./layer_graph.ts";
import { selectorPath, selectorStrides } from "./surgery.ts";

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

/** One convolution's place and possibilities. */
export interface ConvolutionPlace {
  /** Key of the layer. */
  readonly key: string;
  /** Its place in the ratio list, from 1. */
  readonly place: number;
  /** Different channels it reads. */
  readonly channels: number;
  /** How they can be cut. */
  readonly mode: CutMode;
  /** The space that is cut as one, for `couple`. */
  readonly space?: number;
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

/**
 * Lists the convolutions in the order of a ratio list: every Conv2D in graph order (of separable convolutions the
 * pointwise one), projections counted, depthwise and Dense not.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param shared What happens to channels that several layers read.
 * @returns Every convolution's place and how it can be cut; the first and the last one stay whole.
 */
export function listConvolutions(
  graph: LayerGraph,
  map: ChannelMap,
  shared: SharedMode,
): ConvolutionPlace[] {
  const nodes = graph.nodes.filter((node) => node.className === "Conv2D");
  const places = nodes.map((node, index): ConvolutionPlace => {
    const base = { key: node.key, place: index + 1, channels: widthOf(map, node) };
    if (map.rules.get(node.key)!.kind !== "convolution") {
      const rule = map.rules.get(node.key)!;
      return { ...base, mode: "whole", reason: rule.kind === "opaque" ? rule.reason : rule.kind };
    }
    if (index === 0) return { ...base, mode: "whole", reason: "it is the first convolution" };
    if (index === nodes.length - 1) {
      return { ...base, mode: "whole", reason: "it is the last convolution" };
    }
    if (base.channels < 2) return { ...base, mode: "whole", reason: "it reads one channel only" };
    return { ...base, ...cutModeOf(node, map, shared) };
  });
  return places.map((place) => wholeWithReaders(place, places, map));
}

/** A shared space that one convolution reads whole is whole for the others too. */
function wholeWithReaders(
  place: ConvolutionPlace,
  places: readonly ConvolutionPlace[],
  map: ChannelMap,
): ConvolutionPlace {
  const { space, ...base } = place;
  if (space === undefined) return place;
  const { consumers } = map.spaces[space];
  const keeper = places.find(({ key, mode }) => mode === "whole" && consumers.includes(key));
  return keeper === undefined ? place : {
    ...base,
    mode: "whole",
    reason: `convolution ${keeper.key} reads the same channels, and ${keeper.reason}`,
  };
}

function widthOf(map: ChannelMap, node: LayerNode): number {
  return new Set(map.layouts.get(nodeKeyOf(node.inputs[0]))).size;
}

function cutModeOf(
  node: LayerNode,
  map: ChannelMap,
  shared: SharedMode,
): Pick<ConvolutionPlace, "mode" | "space" | "reason"> {
  const spaces = spacesOfTensor(map, node.inputs[0]);
  const frozen = spaces.find((space) => space.frozen !== undefined);
  const isPrivate = spaces.every(({ consumers }) => consumers.length === 1);
  if (!frozen && isPrivate) return { mode: "private" };
  if (shared === "select") return { mode: "select" };
  if (frozen) return { mode: "whole", reason: frozen.frozen };
  const mixed = spaces.length > 1 ? spaces : mixedConsumers(map, spaces[0]);
  return mixed.length > 1
    ? { mode: "whole", reason: "its channels are concatenated with those of another space" }
    : { mode: "couple", space: spaces[0].id };
}

/** The spaces that some consumer of a space reads together with it. */
function mixedConsumers(map: ChannelMap, space: ChannelSpace): ChannelSpace[] {
  const together = new Set<ChannelSpace>([space]);
  for (const other of map.spaces) {
    const isRead = other.consumers.some((consumer) => space.consumers.includes(consumer));
    if (isRead) together.add(other);
  }
  return [...together];
}

/**
 * What a selection saves: multiply–accumulates of the convolution before, less those of selector and convolution
 * after.
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
  const nodes = new Map(graph.nodes.map((node) => [node.key, node]));
  const node = nodes.get(key)!;
  const first = selectorPath(nodes, map, key).at(-1);
  const source = nodes.get(nodeKeyOf(first ? nodes.get(first)!.inputs[0] : node.inputs[0]))!;
  const [vertical, horizontal] = selectorStrides(node);
  const [height, width] = source.outputShape.map((size) => size ?? 1);
  const visited = Math.ceil(height / vertical) * Math.ceil(width / horizontal);
  const kernel = node.weights.get("kernel")!;
  const outputs = (node.outputShape[0] ?? 1) * (node.outputShape[1] ?? 1);
  const inputs = kernel.shape[2];
  const saved = outputs * (kernel.values.length / inputs) * (inputs - kept);
  return saved - visited * inputs * kept;
}
