import { type LayerGraph, type LayerNode, nodeKeyOf } from "./layer_graph.ts";
import { type LayerRule, mixingReason, ruleOf } from "./layer_rules.ts";

/** Channels that can only be cut together, because some layer joins them one by one. */
export interface ChannelSpace {
  /** Index of the space. */
  readonly id: number;
  /** How many channels it has. */
  readonly channels: number;
  /** Layers that make the channels; their outputs shrink with the space. */
  readonly producers: readonly string[];
  /** Layers with weights that only carry the channels (BatchNormalization, depthwise, PReLU); they are sliced. */
  readonly riders: readonly string[];
  /** Layers that mix the channels (Conv2D, Dense), once for each time they read them; their inputs shrink. */
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

/** Disjoint sets of integers with path halving; the smaller root wins, so that numbering follows the graph. */
class DisjointSets {
  readonly #parents: number[] = [];

  add(count: number): Int32Array {
    const first = this.#parents.length;
    for (let index = 0; index < count; index++) this.#parents.push(first + index);
    return Int32Array.from({ length: count }, (_, index) => first + index);
  }

  find(element: number): number {
    const parents = this.#parents;
    while (parents[element] !== element) {
      parents[element] = parents[parents[element]];
      element = parents[element];
    }
    return element;
  }

  join(first: number, second: number): void {
    const [low, high] = [this.find(first), this.find(second)].sort((a, b) => a - b);
    this.#parents[high] = low;
  }
}

/**
 * Finds what must be cut together: the coupling of DepGraph (Fang et al. 2023), kept per channel.
 *
 * Every producer starts with channels of its own. A layer that joins tensors channel by channel unites their channels
 * (union-find), so a tensor's layout says for every position of its last axis which united channel lies there; concat,
 * flatten and depth multipliers are nothing but layouts. Producers that share a channel share a space.
 *
 * @param graph The graph.
 * @returns Spaces and layouts. A space that reaches the model's input or output, or a layer that is not understood,
 * is frozen with the reason.
 */
export function findChannelSpaces(graph: LayerGraph): ChannelMap {
  const sets = new DisjointSets();
  const atoms = new Map<string, Int32Array>();
  const rules = new Map<string, LayerRule>();
  const frozen: { atoms: Int32Array; reason: string }[] = [];
  const shapes = new Map(graph.nodes.map((node) => [node.key, node.outputShape]));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((tensor) => atoms.get(nodeKeyOf(tensor))!);
    const secondary = node.inputs.find((tensor) => nodeKeyOf(tensor) !== tensor);
    const rule: LayerRule = secondary === undefined
      ? ruleOf(node, node.inputs.map((tensor) => shapes.get(tensor)!))
      : { kind: "opaque", reason: `layer ${node.name} reads a further output, ${secondary}` };
    rules.set(node.key, rule);
    const output = outputAtoms(node, rule, inputs, sets);
    atoms.set(node.key, output);
    if (rule.kind === "source") {
      frozen.push({ atoms: output, reason: `${node.name} is an input of the model` });
    }
    const mixing = mixingReason(node);
    if (mixing !== undefined) frozen.push({ atoms: output, reason: mixing });
    if (rule.kind === "opaque") {
      for (const touched of [...inputs, output]) {
        frozen.push({ atoms: touched, reason: rule.reason });
      }
    }
  }
  for (const tensor of graph.outputs) {
    const key = nodeKeyOf(tensor);
    frozen.push({ atoms: atoms.get(key)!, reason: `${key} is an output of the model` });
  }
  return assembleSpaces(graph, rules, atoms, sets, frozen);
}

/** The elementary channels at every position of a node's output. */
function outputAtoms(
  node: LayerNode,
  rule: LayerRule,
  inputs: Int32Array[],
  sets: DisjointSets,
): Int32Array {
  switch (rule.kind) {
    case "carry":
      for (const other of inputs.slice(1)) {
        other.forEach((atom, position) => sets.join(inputs[0][position], atom));
      }
      return inputs[0];
    case "depthwise":
      return Int32Array.from(
        { length: inputs[0].length * rule.multiplier },
        (_, position) => inputs[0][Math.floor(position / rule.multiplier)],
      );
    case "concatenate":
      return Int32Array.from(inputs.flatMap((input) => [...input]));
    case "flatten": {
      const positions = node.outputShape[0]!;
      return Int32Array.from(
        { length: positions },
        (_, position) => inputs[0][position % inputs[0].length],
      );
    }
    default:
      return sets.add(node.outputShape.at(-1) ?? 0);
  }
}

const PRODUCING_KINDS = new Set(["source", "convolution", "dense", "opaque"]);

function assembleSpaces(
  graph: LayerGraph,
  rules: Map<string, LayerRule>,
  atoms: Map<string, Int32Array>,
  sets: DisjointSets,
  frozen: { atoms: Int32Array; reason: string }[],
): ChannelMap {
  const producers = graph.nodes.filter((node) => PRODUCING_KINDS.has(rules.get(node.key)!.kind));
  const spaceOfRoot = uniteProducers(producers.map((node) => atoms.get(node.key)!), sets);
  const members: number[][] = [];
  const spaceIds = new Map<number, number>();
  const references: ChannelReference[] = [];
  const globalOfRoot = new Map<number, number>();
  for (const [root, component] of spaceOfRoot) {
    if (!spaceIds.has(component)) spaceIds.set(component, members.push([]) - 1);
    const space = spaceIds.get(component)!;
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
    producers: [] as string[],
    riders: [] as string[],
    consumers: [] as string[],
  }));
  for (const node of graph.nodes) {
    const rule = rules.get(node.key)!;
    const role = PRODUCING_KINDS.has(rule.kind) ? "producers" : node.weights.size > 0 && "riders";
    if (role) {
      for (const space of spacesOf(layouts.get(node.key)!)) roles[space][role].push(node.key);
    }
    if (rule.kind !== "convolution" && rule.kind !== "dense") continue;
    for (const space of spacesOf(layouts.get(node.inputs[0])!)) {
      roles[space].consumers.push(node.key);
    }
  }
  const spaces = members.map((roots, id) => ({
    id,
    channels: roots.length,
    ...roles[id],
    frozen: reasons.get(id),
  }));
  return { spaces, channels: references, layouts, rules };
}

/** Gives every channel root the number of its space, in the order in which producers make them. */
function uniteProducers(layouts: Int32Array[], sets: DisjointSets): Map<number, number> {
  const components = new DisjointSets();
  const componentOfRoot = new Map<number, number>();
  for (const layout of layouts) {
    const [component] = components.add(1);
    for (const atom of layout) {
      const root = sets.find(atom);
      const known = componentOfRoot.get(root);
      if (known === undefined) componentOfRoot.set(root, component);
      else components.join(known, component);
    }
  }
  return new Map(
    [...componentOfRoot].map(([root, component]) => [root, components.find(component)]),
  );
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
