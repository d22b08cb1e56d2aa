import type { ChannelMap, ConvolutionPlace, CutUnit, LayerGraph } from "../../graph/mod.ts";
import { inputsOf, LARGEST_LAYER, type PlanRules, reasonToStayWhole } from "./plan.ts";
import { keptCount, type Ratios } from "./ratios.ts";
import { reasonAgainstSelector } from "./slow_selectors.ts";

/**
 * The counts that {@link planLayers} would carry out for a unit: multiples of `channelMultiple` and the whole. A layer
 * that is skipped or too large stays whole; so does a selecting convolution where its selector would cost as much as it
 * saves, or lose time.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions.
 * @param unit The unit.
 * @param rules Rules for all layers.
 * @returns The counts, ascending; the last one is all channels.
 */
export function allowedCounts(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ConvolutionPlace[],
  unit: CutUnit,
  rules: PlanRules,
): number[] {
  const { skip, channelMultiple } = rules;
  const { channels } = unit;
  const isAllowed = unit.mode === "couple"
    ? () => canCouple(graph, map, unit, skip)
    : (count: number) => {
      const place = places.find(({ key }) => key === unit.name)!;
      const node = graph.nodes.find(({ key }) => key === unit.name)!;
      const reason = reasonToStayWhole(graph, map, place, node, count, skip) ??
        reasonAgainstSelector(graph, map, places, place, count, rules);
      return reason === undefined;
    };
  const counts = Array.from({ length: channels }, (_, index) => index + 1);
  return counts.filter((count) =>
    count === channels || (keptCount(count / channels, channels, channelMultiple) === count &&
      isAllowed(count))
  );
}

function canCouple(
  graph: LayerGraph,
  map: ChannelMap,
  { convolutions, space }: CutUnit,
  skip: readonly string[],
): boolean {
  if (convolutions.some((key) => skip.includes(key))) return false;
  const { consumers } = map.spaces[space!];
  return graph.nodes.every((node) =>
    !consumers.includes(node.key) || inputsOf(node) <= LARGEST_LAYER
  );
}

/**
 * Writes the counts of units as ratios, so that {@link planLayers} plans exactly these counts.
 *
 * @param places The network's convolutions.
 * @param units Its units.
 * @param counts A count for every unit.
 * @returns A ratio for every convolution, 1 for those that belong to no unit.
 */
export function ratiosOfCounts(
  places: readonly ConvolutionPlace[],
  units: readonly CutUnit[],
  counts: ArrayLike<number>,
): Ratios {
  return places.map(({ key }) => {
    const index = units.findIndex(({ convolutions }) => convolutions.includes(key));
    return index < 0 ? 1 : counts[index] / units[index].channels;
  });
}
