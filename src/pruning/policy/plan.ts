import { InputError, option } from "../../base/mod.ts";
import {
  type ChannelMap,
  type ConvolutionPlace,
  type CutMode,
  inputChannels,
  kernelSize,
  type LayerGraph,
  type LayerNode,
  selectionSaving,
  spacesOfTensor,
} from "../../graph/mod.ts";
import { keptCount, type Ratios } from "./ratios.ts";
import { reasonAgainstSelector, type SelectorRules } from "./slow_selectors.ts";

/** What is done with one layer. */
export interface LayerPlan {
  /** The layer. */
  readonly node: LayerNode;
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** How its input channels are cut. */
  readonly mode: CutMode;
  /** Input channels it keeps. */
  readonly keep: number;
  /** Input channels it has. */
  readonly of: number;
  /** The space that is cut as one, for `couple`. */
  readonly space?: number;
  /** Own numbers of the channels that it keeps, where they are settled. */
  readonly channels?: Int32Array;
  /** Why it stays whole, when a ratio asked for less. */
  readonly reason?: string;
}

/** What a policy decided. */
export interface ChosenRatios {
  /** The share of its input channels that every convolution keeps. */
  readonly ratios: Ratios;
  /** Own numbers of the channels that a convolution keeps, where they are settled, by its key. */
  readonly fixed?: ReadonlyMap<string, Int32Array>;
}

/** Rules that hold for all layers. */
export interface PlanRules extends SelectorRules {
  /** Keep a multiple of this many channels. */
  readonly channelMultiple: number;
}

/**
 * The most inputs (rows of the flattened kernel) for which statistics are gathered: G has as many rows and columns, in
 * f64 of 8 bytes.
 */
export const LARGEST_LAYER = 6000;

/**
 * Decides what is done with every convolution and Dense layer, in graph order.
 *
 * A coupled space keeps the largest share that one of its convolutions asks for. A selection whose selector would cost
 * as much as it saves is not made, nor is one that would lose time, unless the rules
 * insist.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions.
 * @param chosen The share of its input channels that each keeps, and channels that are settled.
 * @param rules Rules for all layers.
 * @returns Every layer's plan.
 * @throws {InputError} When a skipped layer does not exist.
 */
export function planLayers(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ConvolutionPlace[],
  { ratios, fixed }: ChosenRatios,
  rules: PlanRules,
): LayerPlan[] {
  const { skip, channelMultiple } = rules;
  checkSkipped(skip, places);
  const coupled = coupledRatios(graph, map, places, ratios, skip);
  const planOf = (place: ConvolutionPlace, node: LayerNode): LayerPlan => {
    const { space, channels } = place;
    const ratio = space === undefined ? ratios[place.place - 1] : coupled.get(space)!;
    const keep = keptCount(ratio, channels, channelMultiple);
    const base = { node, place: place.place, of: channels, space };
    const reason = keep < channels
      ? reasonToStayWhole(graph, map, place, node, keep, skip) ??
        reasonAgainstSelector(graph, map, places, place, keep, rules)
      : undefined;
    return reason !== undefined || keep === channels || place.mode === "whole"
      ? { ...base, mode: "whole", keep: channels, reason }
      : { ...base, mode: place.mode, keep, channels: fixed?.get(node.key) };
  };
  return graph.nodes.flatMap((node): LayerPlan[] => {
    const rule = map.rules.get(node.key)!;
    if (rule.kind === "dense") return [planDense(map, node, coupled, channelMultiple)];
    const place = places.find(({ key }) => key === node.key);
    return place ? [planOf(place, node)] : [];
  });
}

/** A Dense layer is cut only where it reads a coupled space. */
function planDense(
  map: ChannelMap,
  node: LayerNode,
  coupled: ReadonlyMap<number, number>,
  channelMultiple: number,
): LayerPlan {
  const of = inputChannels(map, node).globals.length;
  const space = spacesOfTensor(map, node.inputs[0]).find(({ id }) => coupled.has(id))?.id;
  const keep = space === undefined ? of : keptCount(coupled.get(space)!, of, channelMultiple);
  return keep === of
    ? { node, mode: "whole", keep, of }
    : { node, mode: "couple", keep, of, space };
}

/** What every coupled space keeps: the largest share wanted, all where a layer that stays whole reads it. */
function coupledRatios(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ConvolutionPlace[],
  ratios: Ratios,
  skip: readonly string[],
): Map<number, number> {
  const spaces = new Set(places.flatMap(({ space }) => space ?? []));
  const wantedBy = (consumer: string): number => {
    const node = graph.nodes.find(({ key }) => key === consumer)!;
    const index = places.findIndex(({ key }) => key === consumer);
    if (inputsOf(node) > LARGEST_LAYER) return 1;
    if (index < 0) return 0;
    return places[index].mode === "couple" && !skip.includes(consumer) ? ratios[index] : 1;
  };
  return new Map(
    [...spaces].map((space) => [space, Math.max(...map.spaces[space].consumers.map(wantedBy))]),
  );
}

/** Rows of a layer's flattened kernel. */
export function inputsOf(node: LayerNode): number {
  return kernelSize(node).inputs;
}

/**
 * Why a convolution that asks for fewer channels keeps them all.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param place The convolution.
 * @param node Its layer.
 * @param keep Channels it would keep.
 * @param skip Layers that stay whole, by name.
 * @returns The reason, or undefined when it is cut.
 */
export function reasonToStayWhole(
  graph: LayerGraph,
  map: ChannelMap,
  place: ConvolutionPlace,
  node: LayerNode,
  keep: number,
  skip: readonly string[],
): string | undefined {
  if (skip.includes(place.key)) return "it is on the skip list";
  if (place.mode === "whole") return place.reason;
  const inputs = inputsOf(node);
  if (inputs > LARGEST_LAYER) {
    return `it has ${inputs} inputs, and statistics are gathered for at most ${LARGEST_LAYER}`;
  }
  if (place.mode !== "select") return undefined;
  const { channelOf, globals } = inputChannels(map, node);
  const positions = Math.round(keep * channelOf.length / globals.length);
  return selectionSaving(graph, map, place.key, positions) > 0
    ? undefined
    : "a selector in front of it would cost as much as it saves";
}

function checkSkipped(skip: readonly string[], places: readonly ConvolutionPlace[]): void {
  const unknown = skip.find((name) => !places.some(({ key }) => key === name));
  if (unknown === undefined) return;
  const known = places.map(({ key }) => key).join(", ");
  throw new InputError([
    "reading ",
    option("skip"),
    `: found "${unknown}", wanted the name of a convolution; there are ${known}`,
  ]);
}
