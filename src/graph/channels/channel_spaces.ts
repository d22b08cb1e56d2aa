import { type ChannelTrace, traceChannels } from "./channel_trace.ts";
import { DisjointSets } from "./disjoint_sets.ts";
import { type LayerGraph, nodeKeyOf } from "../layer_graph.ts";
import type { LayerRule } from "./layer_rules.ts";

/** Channels that can only be cut together, because some layer joins them one by one. */
export interface ChannelSpace {
  /** Index of the space. */
  readonly id: number;
  /** How many channels it has. */
  readonly channels: number;
  /** Names of layers that make the channels; their outputs shrink with the space. */
  readonly producers: readonly string[];
  /** Names of layers with weights that only carry the channels (BatchNormalization, depthwise, PReLU); they are sliced. */
  readonly riders: readonly string[];
  /** Names of layers that mix the channels (Conv2D, Dense), once however often they are called; their inputs shrink. */
  readonly consumers: readonly string[];
  /** Why the space must stay whole, when it must. */
  readonly frozen?: string;
}

/** A channel, named by its space and its place in it. */
export interface ChannelReference {
  /** Index of the space. */
  readonly space: number;
  /** Channel within the space. */
  readonly channel: number;
}

/** The channel spaces of a graph and where their channels lie in every tensor. */
export interface ChannelMap {
  /** All spaces, in the order in which the graph makes them. */
  readonly spaces: readonly ChannelSpace[];
  /** Space and channel of every global channel number. */
  readonly channels: readonly ChannelReference[];
  /** Global channel number at every position of the last axis, by node key (first output of every node). */
  readonly layouts: ReadonlyMap<string, Int32Array>;
  /** How every node treats channels. */
  readonly rules: ReadonlyMap<string, LayerRule>;
}

/**
 * Finds what must be cut together: the coupling of DepGraph (Fang et al. 2023), kept per channel.
 *
 * Every producer starts with channels of its own. A layer that joins tensors channel by channel unites their channels
 * (union-find), so a tensor's layout says for every position of its last axis which united channel lies there; concat,
 * flatten, selectors and depth multipliers are nothing but layouts. Channels are of one space when producers make them
 * together and some layer reads them together: groups of a grouped convolution are spaces of their own.
 *
 * @param graph The graph.
 * @returns Spaces and layouts. A space that reaches the model's input or output, or a layer that is not understood,
 * is frozen with the reason.
 */
export function findChannelSpaces(graph: LayerGraph): ChannelMap {
  const trace = traceChannels(graph);
  const { sets, rules, atoms, made, frozen } = trace;
  const spaceOfRoot = partIntoSpaces(trace);
  const members: number[][] = [];
  const spaceIds = new Map<number, number>();
  const references: ChannelReference[] = [];
  const globalOfRoot = new Map<number, number>();
  for (const [root, part] of spaceOfRoot) {
    if (!spaceIds.has(part)) spaceIds.set(part, members.push([]) - 1);
    const space = spaceIds.get(part)!;
    globalOfRoot.set(root, references.length);
    references.push({ space, channel: members[space].length });
    members[space].push(root);
  }
  const globalOf = (atom: number) => globalOfRoot.get(sets.find(atom))!;
  const layouts = new Map([...atoms].map(([key, layout]) => [key, layout.map(globalOf)]));
  const spacesOf = (layout: Int32Array) =>
    new Set([...layout].map((channel) => references[channel].space));
  const reasons = new Map<number, string>();
  for (const entry of frozen) {
    for (const space of spacesOf(entry.atoms.map(globalOf))) {
      if (!reasons.has(space)) reasons.set(space, entry.reason);
    }
  }
  const roles = members.map(() => ({
    producers: new Set<string>(),
    riders: new Set<string>(),
    consumers: new Set<string>(),
  }));
  for (const node of graph.nodes) {
    const { kind } = rules.get(node.key)!;
    const own = made.get(node.key) ?? new Int32Array(0);
    for (const space of spacesOf(own.map(globalOf))) roles[space].producers.add(node.name);
    if (own.length === 0 && node.weights.size > 0) {
      for (const space of spacesOf(layouts.get(node.key)!)) roles[space].riders.add(node.name);
    }
    if (kind !== "convolution" && kind !== "dense") continue;
    for (const space of spacesOf(layouts.get(node.inputs[0])!)) {
      roles[space].consumers.add(node.name);
    }
  }
  const spaces = members.map((roots, id) => ({
    id,
    channels: roots.length,
    producers: [...roles[id].producers],
    riders: [...roles[id].riders],
    consumers: [...roles[id].consumers],
    frozen: reasons.get(id),
  }));
  return { spaces, channels: references, layouts, rules };
}

/** Gives every channel root the number of its space, in the order in which producers make them. */
function partIntoSpaces(trace: ChannelTrace): Map<number, number> {
  const { sets, read } = trace;
  const familyOf = uniteProducers(trace);
  const roots = [...familyOf.keys()];
  const parts = new DisjointSets();
  const partOf = new Map(roots.map((root) => [root, parts.add(1)[0]]));
  const together = read.map((layout) => new Set(layout.map((atom) => sets.find(atom))));
  const isRead = new Set(together.flatMap((layout) => [...layout]));
  const unread = roots.filter((root) => !isRead.has(root));
  for (const layout of [...together, unread]) {
    for (const members of Map.groupBy(layout, (root) => familyOf.get(root)!).values()) {
      for (const root of members) parts.join(partOf.get(members[0])!, partOf.get(root)!);
    }
  }
  return new Map([...partOf].map(([root, part]) => [root, parts.find(part)]));
}

/** Gives channel roots that some producer makes together, or that are linked by such, the same number. */
function uniteProducers({ sets, made }: ChannelTrace): Map<number, number> {
  const families = new DisjointSets();
  const familyOfRoot = new Map<number, number>();
  for (const layout of made.values()) {
    const [family] = families.add(1);
    for (const atom of layout) {
      const root = sets.find(atom);
      const known = familyOfRoot.get(root);
      if (known === undefined) familyOfRoot.set(root, family);
      else families.join(known, family);
    }
  }
  return new Map([...familyOfRoot].map(([root, family]) => [root, families.find(family)]));
}

/**
 * The spaces that a tensor's channels belong to.
 *
 * @param map The channel map.
 * @param tensor The tensor's name.
 * @returns The spaces, in order of first position.
 */
export function spacesOfTensor(map: ChannelMap, tensor: string): ChannelSpace[] {
  const layout = map.layouts.get(nodeKeyOf(tensor)) ?? new Int32Array(0);
  const ids = new Set([...layout].map((channel) => map.channels[channel].space));
  return [...ids].map((id) => map.spaces[id]);
}
