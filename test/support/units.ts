import { type ChannelMap, findChannelSpaces } from "../../src/graph/channels/channel_spaces.ts";
import { type CutUnit, listCutUnits } from "../../src/graph/cuts/cut_units.ts";
import { inputChannels, listReaders, type SharedMode } from "../../src/graph/cuts/readers.ts";
import type { LayerGraph } from "../../src/graph/layer_graph.ts";
import { noCuts, shrinkGraph } from "../../src/graph/cuts/surgery.ts";
import assert from "node:assert/strict";
import type { LayerPlan } from "../../src/pruning/policy/plan.ts";
import { createRandom, shuffledIndices } from "../../src/base/random.ts";
import { buildNetwork, type NetworkName } from "./networks.ts";

/** A graph with its convolutions and units. */
export function findUnits(graph: LayerGraph, shared: SharedMode) {
  const map = findChannelSpaces(graph);
  const places = listReaders(graph, map, shared);
  return { graph, map, places, units: listCutUnits(graph, map, places) };
}

/** One of the small networks with its convolutions and units. */
export async function openUnits(name: NetworkName, shared: SharedMode) {
  const { model, graph } = await buildNetwork(name);
  model.dispose();
  return findUnits(graph, shared);
}

/** The count that plans keep of every unit; all readers agree on it. */
export function plannedCounts(units: readonly CutUnit[], plans: readonly LayerPlan[]): number[] {
  return units.map(({ readers, space, channels }) => {
    const counts = new Set(readers.map((reader) => {
      const { keep, cuts = [] } = plans.find(({ node }) => node.key === reader)!;
      if (space === undefined) return keep;
      return cuts.find((cut) => cut.space === space)?.keep ?? channels;
    }));
    assert.equal(counts.size, 1, `the readers of ${space} keep ${[...counts]}`);
    return [...counts][0];
  });
}

/** Own numbers of the channels that every unit keeps: at least one, and about a third of the units whole. */
export function keepAtRandom(units: readonly CutUnit[], seed: number): Int32Array[] {
  return units.map(({ channels }, unit) => {
    const random = createRandom(seed, unit);
    const count = random() < 1 / 3 ? channels : 1 + Math.floor(random() * channels);
    return shuffledIndices(channels, random).slice(0, count);
  });
}

/** Surgery on units: a selecting convolution that keeps all its channels gets no selector. */
export function shrinkUnits(
  graph: LayerGraph,
  map: ChannelMap,
  units: readonly CutUnit[],
  kept: readonly Int32Array[],
): LayerGraph {
  const { removed, selections } = noCuts(map);
  for (const [index, { mode, name, channels, globals }] of units.entries()) {
    if (mode !== "select") {
      globals.forEach((global, own) => removed[global] = kept[index].includes(own) ? 0 : 1);
    } else if (kept[index].length < channels) {
      const { channelOf } = inputChannels(map, graph.nodes.find(({ key }) => key === name)!);
      const positions = Int32Array.from(channelOf.keys());
      selections.set(name, positions.filter((at) => kept[index].includes(channelOf[at])));
    }
  }
  return shrinkGraph(graph, map, { removed, selections });
}
