import { DisjointSets } from "./disjoint_sets.ts";
import { type LayerGraph, type LayerNode, nodeKeyOf } from "../layer_graph.ts";
import { type LayerRule, mixingReason, opaque, ruleOf } from "./layer_rules.ts";
import { NOTHING } from "./selectors.ts";
import { findSharedCalls } from "../shared_calls.ts";

/** Channels as they are traced through a graph. */
export interface ChannelTrace {
  /** Elementary channels that are one. */
  readonly sets: DisjointSets;
  /** How every node treats channels. */
  readonly rules: Map<string, LayerRule>;
  /** Elementary channels at every position of a node's output. */
  readonly atoms: Map<string, Int32Array>;
  /** Of these, the ones that the node itself makes. */
  readonly made: Map<string, Int32Array>;
  /** Channels that some layer, or the world behind an output, reads all together. */
  readonly read: Int32Array[];
  /** Channels that must stay. */
  readonly frozen: { readonly atoms: Int32Array; readonly reason: string }[];
}

/**
 * Follows channels through a graph: who makes them, where they lie in every tensor, which are one and the same. What the
 * calls of one layer read and make is the same, channel by channel, for its weights are there once.
 *
 * @param graph The graph.
 * @returns The trace.
 */
export function traceChannels(graph: LayerGraph): ChannelTrace {
  const trace: ChannelTrace = {
    sets: new DisjointSets(),
    rules: new Map(),
    atoms: new Map(),
    made: new Map(),
    read: [],
    frozen: [],
  };
  const shapes = new Map(graph.nodes.map((node) => [node.key, node.outputShape]));
  const shared = findSharedCalls(graph.nodes);
  for (const node of graph.nodes) {
    const secondary = node.inputs.find((tensor) => nodeKeyOf(tensor) !== tensor);
    const rule = node.calls > 1 && !shared.has(node.name)
      ? opaque(`layer ${node.name} is called ${node.calls} times, one behind the other`)
      : secondary === undefined
      ? ruleOf(node, node.inputs.map((tensor) => shapes.get(tensor)!))
      : opaque(`layer ${node.name} reads a further output, ${secondary}`);
    trace.rules.set(node.key, rule);
    traceNode(node, rule, trace);
  }
  for (const calls of shared.values()) joinCalls(calls, trace);
  for (const tensor of graph.outputs) {
    const key = nodeKeyOf(tensor);
    const atoms = trace.atoms.get(key)!;
    trace.read.push(atoms);
    trace.frozen.push({ atoms, reason: `${key} is an output of the model` });
  }
  return trace;
}

/** Makes one channel of those at the same position of what a layer's calls read, and make. */
function joinCalls([first, ...others]: readonly LayerNode[], trace: ChannelTrace): void {
  const { sets, atoms, rules } = trace;
  if (rules.get(first.key)!.kind === "opaque") return;
  const join = (one: string, other: string) => {
    const joined = atoms.get(nodeKeyOf(other))!;
    atoms.get(nodeKeyOf(one))!.forEach((atom, position) => sets.join(atom, joined[position]));
  };
  for (const { key, inputs } of others) {
    join(first.key, key);
    inputs.forEach((tensor, index) => join(first.inputs[index], tensor));
  }
}

function traceNode(node: LayerNode, rule: LayerRule, trace: ChannelTrace): void {
  const { sets, atoms, made, read, frozen } = trace;
  const inputs = node.inputs.map((tensor) => atoms.get(nodeKeyOf(tensor))!);
  const output = outputAtoms(node, rule, inputs, trace);
  atoms.set(node.key, output);
  const mixing = mixingReason(node);
  if (mixing !== undefined) frozen.push({ atoms: output, reason: mixing });
  switch (rule.kind) {
    case "source":
      frozen.push({ atoms: output, reason: `${node.name} is an input of the model` });
      made.set(node.key, output);
      break;
    case "opaque":
      read.push(...inputs);
      for (const touched of [...inputs, output]) {
        frozen.push({ atoms: touched, reason: rule.reason });
      }
      made.set(node.key, output);
      break;
    case "convolution":
    case "dense":
      read.push(inputs[0]);
      made.set(node.key, output);
      break;
    case "select":
      made.set(node.key, output.filter((_, index) => rule.positions[index] === NOTHING));
      break;
    case "carry":
      for (const narrow of inputs.filter(({ length }) => length < output.length)) {
        const reason = `${node.className} layer ${node.name} broadcasts one channel over many`;
        read.push(narrow);
        frozen.push({ atoms: narrow, reason });
      }
      break;
    case "unflatten":
      inputs[0].forEach((atom, position) => sets.join(output[position % output.length], atom));
      break;
  }
}

/** The elementary channels at every position of a node's output. */
function outputAtoms(
  { outputShape }: LayerNode,
  rule: LayerRule,
  inputs: readonly Int32Array[],
  { sets }: ChannelTrace,
): Int32Array {
  const width = outputShape.at(-1) ?? 0;
  switch (rule.kind) {
    case "carry": {
      const [first, ...others] = inputs.filter(({ length }) => length === width);
      for (const other of others) {
        other.forEach((atom, position) => sets.join(first[position], atom));
      }
      return first;
    }
    case "depthwise":
      return Int32Array.from(
        { length: inputs[0].length * rule.multiplier },
        (_, position) => inputs[0][Math.floor(position / rule.multiplier)],
      );
    case "select":
      return rule.positions.map((from) => from === NOTHING ? sets.add(1)[0] : inputs[0][from]);
    case "concatenate":
      return Int32Array.from(inputs.flatMap((input) => [...input]));
    case "flatten":
      return Int32Array.from(
        { length: width },
        (_, position) => inputs[0][position % inputs[0].length],
      );
    case "unflatten":
      return inputs[0].slice(0, width);
    default:
      return sets.add(width);
  }
}
