import {
  type ChannelMap,
  type CutUnit,
  type LayerGraph,
  leastKept,
  nodesByKey,
  type ReaderPlace,
} from "../../graph/mod.ts";
import { mayDrop, type PlanRules, reasonToStayWhole, unsampledReason } from "./plan.ts";
import { keptCount } from "./ratios.ts";
import { reasonAgainstSelector } from "./slow_selectors.ts";

/**
 * The counts that {@link planLayers} would carry out for a unit: multiples of `channelMultiple` and the whole, but not so
 * few that a layer which reads a part of the unit could lose all of it; and 0 where a residual block may leave then. A
 * layer that is skipped stays whole; so does a selecting convolution where its selector would cost as much as it saves, or
 * lose time.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions and Dense layers.
 * @param unit The unit.
 * @param rules Rules for all layers.
 * @returns The counts, ascending; the last one is all channels.
 */
export function allowedCounts(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ReaderPlace[],
  unit: CutUnit,
  rules: PlanRules,
): number[] {
  const { skip, channelMultiple } = rules;
  const { channels } = unit;
  const least = leastKept(unit.guards);
  const nodes = nodesByKey(graph.nodes);
  const isSampled = (key: string) => unsampledReason(nodes.get(key)!) === undefined;
  const isAllowed = unit.mode === "couple"
    ? () => unit.readers.every((key) => !skip.includes(key) && isSampled(key))
    : (count: number) => {
      const place = places.find(({ key }) => key === unit.name)!;
      const node = nodes.get(unit.name)!;
      const reason = reasonToStayWhole(graph, map, place, node, count, skip) ??
        reasonAgainstSelector(graph, map, places, place, count, rules);
      return reason === undefined;
    };
  const counts = Array.from({ length: channels }, (_, index) => index + 1);
  const allowed = counts.filter((count) =>
    count === channels ||
    (keptCount(count / channels, channels, channelMultiple, least) === count &&
      isAllowed(count))
  );
  return mayDrop(unit, rules) && isAllowed(1) ? [0, ...allowed] : allowed;
}

/**
 * Writes the counts of units as ratios, so that {@link planLayers} plans exactly these counts.
 *
 * @param places The network's convolutions and Dense layers.
 * @param units Its units.
 * @param counts A count for every unit.
 * @returns A ratio for every layer, 1 for those that belong to no unit, and the share of every coupled space. A layer that
 * reads several spaces has the least of their shares.
 */
export function ratiosOfCounts(
  places: readonly ReaderPlace[],
  units: readonly CutUnit[],
  counts: ArrayLike<number>,
): { ratios: number[]; spaces: ReadonlyMap<number, number> } {
  const shares = units.map(({ channels }, index) => counts[index] / channels);
  const ratios = places.map(({ key }) =>
    Math.min(1, ...shares.filter((_, index) => units[index].readers.includes(key)))
  );
  const spaces = new Map(
    units.flatMap(({ space }, index) => space === undefined ? [] : [[space, shares[index]]]),
  );
  return { ratios, spaces };
}
