import type { ChannelMap } from "../channels/channel_spaces.ts";
import { type CutMode, inputChannels, type ReaderPlace } from "./readers.ts";
import type { ResidualBlock } from "./residual_blocks.ts";
import { findGuards } from "./guards.ts";
import { type LayerGraph, nodesByKey } from "../layer_graph.ts";

/**
 * Channels about which there is one decision, how many of them stay: the input channels of a layer (`private`, `select`),
 * or a space that all its readers lose together (`couple`).
 */
export interface CutUnit {
  /** The layer's key, or `space N`. */
  readonly name: string;
  /** How the channels are cut. */
  readonly mode: Exclude<CutMode, "whole">;
  /** How many there are. */
  readonly channels: number;
  /** Global number of each: in the order of {@link inputChannels}, or of the space. */
  readonly globals: Int32Array;
  /** The layers whose ratio this is. */
  readonly readers: readonly string[];
  /** The space, for `couple`. */
  readonly space?: number;
  /** Sets of channels, by own numbers, of which one at least stays; none where any will do. */
  readonly guards: readonly Int32Array[];
  /** The residual block that leaves the network where none of the channels stay; absent where one has to. */
  readonly block?: ResidualBlock;
}

/**
 * Lists the decisions there are about a network. A layer that reads several coupled spaces takes part in several.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions and Dense layers, and how each can be cut.
 * @returns The units, in the order of the first reader of each. A shared space is left out when a layer that stays whole
 * reads it.
 */
export function listCutUnits(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ReaderPlace[],
): CutUnit[] {
  const nodes = nodesByKey(graph.nodes);
  const placeOf = new Map(places.map((place) => [place.key, place]));
  const canCouple = (space: number) =>
    map.spaces[space].consumers.every((key) => {
      const place = placeOf.get(key);
      return place?.mode === "couple" && place.spaces!.includes(space);
    });
  const seen = new Set<number>();
  return places.flatMap(({ key, mode, channels, spaces = [], block }): CutUnit[] => {
    if (mode === "private" || mode === "select") {
      const { globals } = inputChannels(map, nodes.get(key)!);
      return [
        { name: key, mode, channels, globals, readers: [key], guards: [], ...(block && { block }) },
      ];
    }
    const first = spaces.filter((space) => !seen.has(space) && canCouple(space));
    for (const space of first) seen.add(space);
    return first.map((space) => coupledUnit(graph, map, space));
  });
}

function coupledUnit(graph: LayerGraph, map: ChannelMap, space: number): CutUnit {
  const { channels, consumers } = map.spaces[space];
  const globals = new Int32Array(channels);
  map.channels.forEach((reference, global) => {
    if (reference.space === space) globals[reference.channel] = global;
  });
  return {
    name: `space ${space}`,
    mode: "couple",
    channels,
    globals,
    readers: consumers,
    space,
    guards: findGuards(graph, map, space),
  };
}
