import {
  type ChannelMap,
  consumersByNode,
  findSelectorPlace,
  isStrided,
  type LayerGraph,
  type LayerNode,
  nodeKeyOf,
  nodesByKey,
  OPEN_EXTENT,
  selectorStrides,
  selectorWindow,
} from "../graph/mod.ts";
import { latencyBatch } from "./latency_batch.ts";
import { recordedTime } from "./recorded_times.ts";

/** Milliseconds of the layers that selections change, for as many images as latency is counted of. */
export interface SelectionTimes {
  /** The convolutions as they are, with the layers on the way to them that nobody reads once they select. */
  readonly whole: number;
  /** Selectors, copies of the layers on the way, and the smaller convolutions. */
  readonly selected: number;
}

/**
 * How long convolutions take as they are, and behind selectors, by recorded times of stock tfjs-wasm: the same on every
 * machine, so that what follows from it can be repeated. All other layers count as whole.
 *
 * @param graph The network.
 * @param map Its channel spaces.
 * @param kept Input positions that each of the convolutions would keep, by key.
 * @returns Both times.
 */
export function selectionTimes(
  graph: LayerGraph,
  map: ChannelMap,
  kept: ReadonlyMap<string, number>,
): SelectionTimes {
  const nodes = nodesByKey(graph.nodes);
  const batchSize = latencyBatch(graph);
  const timeOf = (
    { className, config }: Pick<LayerNode, "className" | "config">,
    input: readonly (number | null)[],
  ) => {
    const inputShapes = [input.map((extent) => extent ?? OPEN_EXTENT)];
    return recordedTime({ className, config, inputShapes, batchSize });
  };
  const timeOfWhole = (key: string) => {
    const node = nodes.get(key)!;
    return timeOf(node, nodes.get(nodeKeyOf(node.inputs[0]))!.outputShape);
  };
  const timeOfSelected = ([key, positions]: readonly [string, number]) => {
    const convolution = nodes.get(key)!;
    const place = findSelectorPlace(nodes, map, key);
    const { strides, outputSize } = selectorWindow(nodes, place, convolution);
    const { className, config } = convolution;
    const isTaken = isStrided(selectorStrides(convolution));
    const narrow = [...outputSize, positions];
    return sumOf([
      timeOf({
        className: `Conv${strides.length}D`,
        config: { filters: positions, kernel_size: 1, strides },
      }, nodes.get(nodeKeyOf(place.source))!.outputShape),
      ...place.path.map((step) => timeOf(nodes.get(step)!, narrow)),
      timeOf({ className, config: isTaken ? { ...config, strides: 1 } : config }, narrow),
    ]);
  };
  return {
    whole: sumOf([...kept.keys(), ...findLeft(graph, map, kept)].map(timeOfWhole)),
    selected: sumOf([...kept].map(timeOfSelected)),
  };
}

/**
 * The layers between a convolution and where its selector would stand, from the convolution on: they are copied, and go
 * where nothing else reads them.
 *
 * @param nodes The network's layers by key.
 * @param map Its channel spaces.
 * @param key The convolution.
 * @returns Their keys, with that of a selector that is there already.
 */
export function wayToSelector(
  nodes: ReadonlyMap<string, LayerNode>,
  map: ChannelMap,
  key: string,
): readonly string[] {
  const { path, former } = findSelectorPlace(nodes, map, key);
  return former === undefined ? path : [...path, former];
}

/** Layers that nobody reads any more when some convolutions select. */
function findLeft(
  graph: LayerGraph,
  map: ChannelMap,
  kept: ReadonlyMap<string, number>,
): Set<string> {
  const nodes = nodesByKey(graph.nodes);
  const consumers = consumersByNode(graph);
  const steps = new Set([...kept.keys()].flatMap((key) => wayToSelector(nodes, map, key)));
  const left = new Set<string>();
  for (const { key } of graph.nodes.toReversed()) {
    const isRead = consumers.get(key)!.some((reader) => !left.has(reader) && !kept.has(reader));
    if (steps.has(key) && !isRead) left.add(key);
  }
  return left;
}

function sumOf(times: readonly number[]): number {
  return times.reduce((total, time) => total + time, 0);
}
