import { InputError, option } from "../../base/mod.ts";
import {
  type ChannelMap,
  type CutMode,
  findGuards,
  inputChannels,
  kernelSize,
  type LayerGraph,
  type LayerNode,
  leastKept,
  nodesByKey,
  type ReaderPlace,
  type ResidualBlock,
  selectionSaving,
} from "../../graph/mod.ts";
import { keptCount, type Ratios } from "./ratios.ts";
import { reasonAgainstSelector, type SelectorRules } from "./slow_selectors.ts";

/** A space that loses channels with all its readers. */
export interface SpaceCut {
  /** The space. */
  readonly space: number;
  /** Channels that it keeps. */
  readonly keep: number;
  /** Channels that it has. */
  readonly of: number;
}

/** What is done with one layer. */
export interface LayerPlan {
  /** The layer. */
  readonly node: LayerNode;
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** How its input channels are cut; `dropped` where it leaves with its residual block. */
  readonly mode: CutMode | "dropped";
  /** Input channels it keeps; about as many where it reads a part of a coupled space. */
  readonly keep: number;
  /** Input channels it has. */
  readonly of: number;
  /** The spaces it reads that lose channels, for `couple`. */
  readonly cuts?: readonly SpaceCut[];
  /** Own numbers of the channels that it keeps, where they are settled. */
  readonly channels?: Int32Array;
  /** The residual block that leaves, where this layer is its last one. */
  readonly block?: ResidualBlock;
  /** Why it stays whole, when a ratio asked for less. */
  readonly reason?: string;
}

/** What a policy decided. */
export interface ChosenRatios {
  /** The share of its input channels that every layer keeps. */
  readonly ratios: Ratios;
  /** The share that a coupled space keeps, by space, where it is not what its readers ask for. */
  readonly spaces?: ReadonlyMap<number, number>;
  /** Layers that stay whole whatever their ratio is, with the reason, by key. */
  readonly spared?: ReadonlyMap<string, string>;
  /** Own numbers of the channels that a layer keeps, where they are settled, by its key. */
  readonly fixed?: ReadonlyMap<string, Int32Array>;
}

/** Rules that hold for all layers. */
export interface PlanRules extends SelectorRules {
  /** Keep a multiple of this many channels. */
  readonly channelMultiple: number;
  /** Whether every residual block stays. Default: one leaves where nothing of it is kept. */
  readonly keepBlocks?: boolean;
}

/**
 * Decides what is done with every convolution and Dense layer, in graph order.
 *
 * A coupled space keeps the largest share that one of its readers asks for, unless a share is given for the space itself. A
 * selection whose selector would cost as much as it saves is not made, nor is one that would lose time, unless the rules insist.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions and Dense layers.
 * @param chosen The share of its input channels that each keeps, and channels that are settled.
 * @param rules Rules for all layers.
 * @returns Every layer's plan.
 */
export function planLayers(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ReaderPlace[],
  chosen: ChosenRatios,
  rules: PlanRules,
): LayerPlan[] {
  const { skip, channelMultiple } = rules;
  const nodes = nodesByKey(graph.nodes);
  const { ratios, fixed, spared = new Map() } = chosen;
  const coupled = coupledShares(map, nodes, places, chosen, skip);
  const cutOf = (space: number): SpaceCut => {
    const of = map.spaces[space].channels;
    const least = leastKept(findGuards(graph, map, space));
    return { space, of, keep: keptCount(coupled.get(space)!.share, of, channelMultiple, least) };
  };
  const cutsOf = new Map([...coupled.keys()].map((space) => [space, cutOf(space)]));
  const blocks = places.flatMap((place, index) =>
    ratios[index] === 0 && mayDrop(place, rules) ? [place.block!] : []
  );
  const plans = places.map((place, index): LayerPlan => {
    const { key, spaces, channels } = place;
    const node = nodes.get(key)!;
    const base = { node, place: place.place, of: channels };
    const asked = keptCount(ratios[index] ?? 1, channels, channelMultiple);
    const cuts = spaces?.map((space) => cutsOf.get(space)!).filter(({ keep, of }) => keep < of);
    if (cuts !== undefined && cuts.length > 0) {
      return { ...base, mode: "couple", keep: channels - lostOf(map, node, cuts), cuts };
    }
    const reason = asked < channels
      ? spared.get(key) ?? reasonToStayWhole(graph, map, place, node, asked, skip) ??
        reasonAgainstSelector(graph, map, places, place, asked, rules) ??
        spaces?.map((space) => coupled.get(space)!.holder).find((holder) => holder !== undefined)
      : undefined;
    return reason !== undefined || cuts !== undefined || asked === channels ||
        place.mode === "whole"
      ? { ...base, mode: "whole", keep: channels, reason }
      : { ...base, mode: place.mode, keep: asked, channels: fixed?.get(key) };
  });
  return plans.map((plan) => {
    const block = blocks.find(({ layers }) => layers.includes(plan.node.key));
    if (block === undefined) return plan;
    const isLast = block.last === plan.node.key;
    return { ...plan, mode: "dropped", ...(isLast && { block, keep: 0 }) };
  });
}

/**
 * Whether a residual block may leave.
 *
 * @param unit The decision whose channels it needs.
 * @param rules Rules for all layers.
 * @returns Whether none of these channels has to stay.
 */
export function mayDrop(
  { block }: Pick<ReaderPlace, "block">,
  { keepBlocks, skip }: Pick<PlanRules, "keepBlocks" | "skip">,
): boolean {
  return block !== undefined && !keepBlocks && !block.layers.some((key) => skip.includes(key));
}

/** How many channels of what a layer reads leave: of a space that it reads a part of, its share of them. */
function lostOf(map: ChannelMap, node: LayerNode, cuts: readonly SpaceCut[]): number {
  const read = Map.groupBy(
    inputChannels(map, node).globals,
    (channel) => map.channels[channel].space,
  );
  return cuts.reduce(
    (sum, { space, keep, of }) => sum + Math.round(read.get(space)!.length * (of - keep) / of),
    0,
  );
}

/** What a coupled space keeps. */
interface CoupledShare {
  /** The largest share wanted; all where a layer that stays whole reads it, or nobody asks for less. */
  readonly share: number;
  /** Why all, where some layer asks for less. */
  readonly holder?: string;
}

function coupledShares(
  map: ChannelMap,
  nodes: ReadonlyMap<string, LayerNode>,
  places: readonly ReaderPlace[],
  { ratios, spared, spaces: given }: ChosenRatios,
  skip: readonly string[],
): Map<number, CoupledShare> {
  const indexOf = new Map(places.map(({ key }, index) => [key, index]));
  const skippedReason = (key: string) =>
    skip.includes(key) ? "it is on the skip list" : unsampledReason(nodes.get(key)!);
  const shareOf = (space: number): CoupledShare => {
    const { consumers } = map.spaces[space];
    const share = given?.get(space);
    const reasonOf = (key: string) =>
      skippedReason(key) ?? (share === undefined ? spared?.get(key) : undefined);
    const keeper = consumers.find((key) => reasonOf(key) !== undefined);
    if (keeper !== undefined) {
      return {
        share: 1,
        holder: `layer ${keeper} reads the same channels, and ${reasonOf(keeper)}`,
      };
    }
    if (share !== undefined) return { share };
    const wanted = consumers.flatMap((key) => ratios[indexOf.get(key)!] ?? []);
    return { share: wanted.length > 0 ? Math.max(...wanted) : 1 };
  };
  const spaces = new Set(places.flatMap((place) => place.spaces ?? []));
  return new Map([...spaces].map((space) => [space, shareOf(space)]));
}

/** Rows of a layer's flattened kernel. */
export function inputsOf(node: LayerNode): number {
  return kernelSize(node).inputs;
}

/**
 * Why no statistics can be gathered of a layer, if none can: they are of one position, or of a fixed row or plane of them.
 *
 * @param node A convolution or Dense layer.
 * @returns The reason.
 */
export function unsampledReason({ outputShape }: LayerNode): string | undefined {
  if (outputShape.includes(null)) return "its output has no fixed size";
  return outputShape.length > 3 ? "its output has more than two spatial axes" : undefined;
}

/**
 * Why a layer that asks for fewer channels keeps them all.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param place The layer's place.
 * @param node The layer.
 * @param keep Channels it would keep.
 * @param skip Layers that stay whole, by name.
 * @returns The reason, or undefined when it is cut.
 */
export function reasonToStayWhole(
  graph: LayerGraph,
  map: ChannelMap,
  place: ReaderPlace,
  node: LayerNode,
  keep: number,
  skip: readonly string[],
): string | undefined {
  if (skip.includes(place.key)) return "it is on the skip list";
  if (place.mode === "whole") return place.reason;
  const unsampled = unsampledReason(node);
  if (unsampled !== undefined || place.mode !== "select") return unsampled;
  const { channelOf, globals } = inputChannels(map, node);
  const positions = Math.round(keep * channelOf.length / globals.length);
  return selectionSaving(graph, map, place.key, positions) > 0
    ? undefined
    : "a selector in front of it would cost as much as it saves";
}

/**
 * Makes sure, before any work, that the layers that are to stay whole exist.
 *
 * @param skip Their names.
 * @param places The layers that could be cut.
 * @throws {InputError} With the first that does not.
 */
export function checkSkipped(skip: readonly string[], places: readonly ReaderPlace[]): void {
  const unknown = skip.find((name) => !places.some(({ key }) => key === name));
  if (unknown === undefined) return;
  const known = places.map(({ key }) => key).join(", ");
  throw new InputError([
    "reading ",
    option("skip"),
    `: found "${unknown}", wanted the name of a convolution or Dense layer; there are ${known}`,
  ]);
}
