import { reachable, walkDepthFirst } from "../base/mod.ts";
import type { LayerConfig, LayerJson, Weight } from "../model/mod.ts";

/** One call of a layer: what it is, what it reads and the weights it holds. */
export interface LayerNode {
  /** Name of the tensor it makes: the layer's name, with `@i` behind it for the layer's further calls. */
  readonly key: string;
  /** Name of the layer. */
  readonly name: string;
  /** Class of the layer, such as `Conv2D`. */
  readonly className: string;
  /** Configuration of the layer, shared by all its calls. */
  config: LayerConfig;
  /** Tensors it reads, in order: a node's key, with `#i` behind it for the node's further outputs. */
  inputs: string[];
  /** Keyword arguments of each input reference, kept as they were. */
  callArguments: unknown[];
  /** Weights by role (`kernel`, `bias`, `gamma` …), shared by all calls of the layer. */
  weights: Map<string, Weight>;
  /** Shape of its (first) output without the batch; null where it is not fixed. */
  readonly outputShape: readonly (number | null)[];
  /** How often the model calls this layer. */
  readonly calls: number;
}

/** A model as a directed acyclic graph of layer calls. */
export interface LayerGraph {
  /** Name of the model. */
  readonly name: string;
  /** Nodes in graph order: `putInGraphOrder`. */
  readonly nodes: readonly LayerNode[];
  /** The model's input tensors. */
  readonly inputs: readonly string[];
  /** The model's output tensors. */
  readonly outputs: readonly string[];
  /** The model's class: `Sequential`, `Model` or `Functional`. */
  readonly className: string;
  /** Weights that belong to no layer of this graph (those of nested models), kept as they were. */
  readonly otherWeights: ReadonlyMap<string, Weight>;
}

/** How a topology refers to a tensor. */
export type TensorReference = [
  name: string,
  call: number,
  output: number,
  callArguments?: unknown,
];

/** Ends the name of an input layer that a Sequential model implies. */
export const IMPLIED_INPUT_SUFFIX = "_implied_input";

/** The key of a layer's call. */
export function callKey(name: string, call: number): string {
  return call === 0 ? name : `${name}@${call}`;
}

/** Whether a node is its layer's first call, which stands for the layer. */
export function isFirstCall({ key, name }: LayerNode): boolean {
  return key === name;
}

/** The node's key in the name of a tensor that it makes. */
export function nodeKeyOf(tensor: string): string {
  const mark = tensor.lastIndexOf("#");
  return mark < 0 ? tensor : tensor.slice(0, mark);
}

const MODEL_CLASSES = new Set(["Functional", "Model", "Sequential"]);

/** Whether a layer is a nested model. References count its own construction as its call 0. */
export function isModelClass(layer: { class_name: string }): boolean {
  return MODEL_CLASSES.has(layer.class_name);
}

/** References to a model's inputs or outputs; Keras writes a single one without the outer list. */
export function parseReferences(references: unknown): TensorReference[] {
  const list = references as unknown[];
  return Array.isArray(list[0]) ? list as TensorReference[] : [list as TensorReference];
}

/** Name of a layer: Sequential models state it in its configuration alone. */
export function layerName(layer: LayerJson): string {
  return String(layer.name ?? layer.config.name);
}

const SUMMING_LAYERS = new Set(["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]);

/** Whether the layer joins its inputs channel by channel. */
export function isMerge(node: LayerNode): boolean {
  return SUMMING_LAYERS.has(node.className);
}

/** A merge's inputs, the one with the shortest path from the model's input first (ties: as declared). */
export function mergeInputsByDepth(
  node: LayerNode,
  depthOf: ReadonlyMap<string, number>,
): string[] {
  return [...node.inputs].sort((first, second) =>
    depthOf.get(nodeKeyOf(first))! - depthOf.get(nodeKeyOf(second))!
  );
}

/** Nodes by their keys, in the same order. */
export function nodesByKey(nodes: readonly LayerNode[]): Map<string, LayerNode> {
  return new Map(nodes.map((node) => [node.key, node]));
}

/** Nodes that an output needs, and the inputs, in the same order. */
export function reachableNodes(
  nodes: ReadonlyMap<string, LayerNode>,
  { inputs, outputs }: Pick<LayerGraph, "inputs" | "outputs">,
): LayerNode[] {
  const reached = reachable(
    [...inputs, ...outputs].map(nodeKeyOf),
    (key) => nodes.get(key)!.inputs.map(nodeKeyOf),
  );
  return [...nodes.values()].filter(({ key }) => reached.has(key));
}

/** Length of the longest path from the model's input to every node. */
export function nodeDepths(nodes: readonly LayerNode[]): Map<string, number> {
  const byKey = nodesByKey(nodes);
  const depths = new Map<string, number>();
  const sourcesOf = ({ inputs }: LayerNode) =>
    inputs.map((tensor) => byKey.get(nodeKeyOf(tensor))!);
  for (const node of walkDepthFirst(nodes, sourcesOf)) {
    depths.set(node.key, 1 + Math.max(-1, ...sourcesOf(node).map(({ key }) => depths.get(key)!)));
  }
  return depths;
}

/** For every node, the nodes that read one of its outputs; a model's output counts as read by the key `output`. */
export function consumersByNode(graph: LayerGraph): Map<string, string[]> {
  const consumers = new Map<string, string[]>(graph.nodes.map((node) => [node.key, []]));
  for (const node of graph.nodes) {
    for (const tensor of node.inputs) consumers.get(nodeKeyOf(tensor))!.push(node.key);
  }
  for (const tensor of graph.outputs) consumers.get(nodeKeyOf(tensor))!.push(MODEL_OUTPUT);
  return consumers;
}

/** Stands for the world behind a model's output among {@link consumersByNode}. */
export const MODEL_OUTPUT = "output";
