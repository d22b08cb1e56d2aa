import type { ChannelMap } from "../channels/channel_spaces.ts";
import { type LayerGraph, nodeKeyOf } from "../layer_graph.ts";

/**
 * Finds what must not be lost of a space together: the channels that a layer reads of it which reads a part of it, such as
 * half of a cross-stage block, and nothing that is sure to stay. A layer that reads a whole space keeps some of it.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param space The space.
 * @returns Sets of channels within the space, different ones; one channel at least of each has to stay.
 */
export function findGuards(graph: LayerGraph, map: ChannelMap, space: number): Int32Array[] {
  const guards = new Map<string, Int32Array>();
  for (const { key, inputs } of graph.nodes) {
    if (!map.spaces[space].consumers.includes(key)) continue;
    const read = Map.groupBy(
      new Set(map.layouts.get(nodeKeyOf(inputs[0]))!),
      (channel) => map.channels[channel].space,
    );
    const isSafe = [...read].some(([id, channels]) =>
      map.spaces[id].frozen !== undefined || channels.length === map.spaces[id].channels
    );
    if (isSafe) continue;
    const own = read.get(space)!.map((channel) => map.channels[channel].channel);
    const guard = Int32Array.from(own).sort();
    guards.set(guard.join(), guard);
  }
  return [...guards.values()];
}

/**
 * The fewest channels that can stay, whichever are chosen one after the other.
 *
 * @param guards As {@link findGuards} gives them.
 * @returns As many as there are guards: then there is always a channel that can go while more are left.
 */
export function leastKept(guards: readonly Int32Array[]): number {
  return Math.max(1, guards.length);
}
