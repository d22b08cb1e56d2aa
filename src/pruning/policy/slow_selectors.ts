import { selectionTimes, wayToSelector } from "../../cost/mod.ts";
import {
  type ChannelMap,
  inputChannels,
  type LayerGraph,
  nodesByKey,
  type ReaderPlace,
} from "../../graph/mod.ts";

/** What rules say about selectors. */
export interface SelectorRules {
  /** Layers that stay whole, by name. */
  readonly skip: readonly string[];
  /** Whether convolutions are cut also where a selector in front of them takes more time than it saves. */
  readonly slowSelectors?: boolean;
}

/** Why a convolution stays whole that would take longer behind a selector. */
export const SLOW_SELECTOR = "a selector in front of it would take more time than it saves";

/**
 * Share of the time that selectors have to save. It allows for what is not counted: other layers are cut too, which leaves
 * less to save; a single image takes longer per layer than one of a batch; machines differ.
 */
const LEAST_SAVING = 0.1;

/**
 * Whether a convolution had better stay whole, because its selector would take more time than the smaller convolution
 * saves. Convolutions that read the same BatchNormalization are looked at together too: once all of them select, the
 * layers that they read are gone.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param places Its convolutions.
 * @param place The convolution.
 * @param keep Channels that it would keep.
 * @param rules Rules for all layers.
 * @returns The reason, or undefined when its selector pays, or it needs none.
 */
export function reasonAgainstSelector(
  graph: LayerGraph,
  map: ChannelMap,
  places: readonly ReaderPlace[],
  place: ReaderPlace,
  keep: number,
  { skip, slowSelectors = false }: SelectorRules,
): string | undefined {
  if (slowSelectors || place.mode !== "select") return undefined;
  const nodes = nodesByKey(graph.nodes);
  const pays = (keys: readonly string[]) => {
    const kept = keys.map((key) => {
      const positions = inputChannels(map, nodes.get(key)!).channelOf.length;
      return [key, Math.max(1, Math.round(keep / place.channels * positions))] as const;
    });
    const { whole, selected } = selectionTimes(graph, map, new Map(kept));
    return selected <= (1 - LEAST_SAVING) * whole;
  };
  if (pays([place.key])) return undefined;
  const way = new Set(wayToSelector(nodes, map, place.key));
  const together = places.filter(({ key, mode }) =>
    mode === "select" && !skip.includes(key) &&
    wayToSelector(nodes, map, key).some((step) => way.has(step))
  );
  return together.length > 1 && pays(together.map(({ key }) => key)) ? undefined : SLOW_SELECTOR;
}
