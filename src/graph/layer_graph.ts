import type * as tf from "@tensorflow/tfjs";
import type { LayerConfig, LayerJson, ModelFile, Weight } from "../model/mod.ts";
import { completeShapes } from "./opening/complete_shapes.ts";

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
  /** Nodes in graph order: {@link orderNodes}. */
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

/** The key of a layer's call. */
export function callKey(name: string, call: number): string {
  return call === 0 ? name : `${name}@${call}`;
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

/** Names the tensors that references mean. */
type TensorNaming = (reference: TensorReference) => string;

function tensorNaming(layers: readonly LayerJson[]): TensorNaming {
  const nested = new Set(layers.filter(isModelClass).map(layerName));
  return ([name, call, output]) => {
    const key = callKey(name, nested.has(name) ? call - 1 : call);
    return output === 0 ? key : `${key}#${output}`;
  };
}

function parseTensorName(tensor: string): TensorReference {
  const key = nodeKeyOf(tensor);
  const output = key === tensor ? 0 : Number(tensor.slice(key.length + 1));
  const mark = key.lastIndexOf("@");
  const call = mark < 0 ? 0 : Number(key.slice(mark + 1));
  return [mark < 0 ? key : key.slice(0, mark), call, output];
}

/** References to a model's inputs or outputs; Keras writes a single one without the outer list. */
export function parseReferences(references: unknown): TensorReference[] {
  const list = references as unknown[];
  return Array.isArray(list[0]) ? list as TensorReference[] : [list as TensorReference];
}

/**
 * Reads a model's topology and weights as a graph.
 *
 * @param file The model as it was read from disk; its arrays are shared, not copied.
 * @param model The same model in TensorFlow.js, which knows the shapes.
 * @returns The graph, its nodes in graph order.
 */
export function buildGraph(file: ModelFile, model: tf.LayersModel): LayerGraph {
  const { class_name: className, config } = file.topology;
  const layers = config.layers as LayerJson[];
  const isSequential = className === "Sequential";
  const calls = isSequential ? sequentialCalls(layers, model) : layers;
  const names = new Set(calls.map(layerName));
  const { byLayer, others } = assignWeights(file, names);
  const nameTensor = tensorNaming(calls);
  const nodes = calls.flatMap((layer) => nodesOfLayer(layer, nameTensor, byLayer, model));
  const outputs = isSequential
    ? [layerName(calls[calls.length - 1])]
    : parseReferences(config.output_layers).map(nameTensor);
  const inputs = isSequential
    ? [layerName(calls[0])]
    : parseReferences(config.input_layers).map(nameTensor);
  return {
    name: String(config.name ?? "model"),
    nodes: completeShapes(orderNodes(nodes, outputs), model),
    inputs,
    outputs,
    className,
    otherWeights: others,
  };
}

/** Name of a layer: Sequential models state it in its configuration alone. */
export function layerName(layer: LayerJson): string {
  return String(layer.name ?? layer.config.name);
}

/** The layers of a Sequential model as the calls of a functional one, with its implied input layer. */
function sequentialCalls(layers: LayerJson[], model: tf.LayersModel): LayerJson[] {
  const chain = layers[0].class_name === "InputLayer"
    ? [...layers]
    : [impliedInputLayer(layers[0], model), ...layers];
  return chain.map((layer, index) => ({
    ...layer,
    inbound_nodes: index === 0 ? [] : [[[layerName(chain[index - 1]), 0, 0, {}]]],
  }));
}

const IMPLIED_INPUT_SUFFIX = "_implied_input";

function impliedInputLayer(first: LayerJson, model: tf.LayersModel): LayerJson {
  const name = `${layerName(first)}${IMPLIED_INPUT_SUFFIX}`;
  const shape = model.inputs[0].shape;
  return {
    class_name: "InputLayer",
    config: { batch_input_shape: shape, dtype: "float32", sparse: false, name },
  };
}

function nodesOfLayer(
  layer: LayerJson,
  nameTensor: TensorNaming,
  weightsOf: Map<string, Map<string, Weight>>,
  model: tf.LayersModel,
): LayerNode[] {
  const name = layerName(layer);
  const inbound = (layer.inbound_nodes ?? []) as TensorReference[][];
  const calls = Math.max(1, inbound.length);
  const weights = weightsOf.get(name) ?? new Map<string, Weight>();
  return Array.from({ length: calls }, (_, call) => ({
    key: callKey(name, call),
    name,
    className: layer.class_name,
    config: layer.config,
    inputs: (inbound[call] ?? []).map(nameTensor),
    callArguments: (inbound[call] ?? []).map((reference) => reference[3] ?? {}),
    weights,
    outputShape: outputShapeOf(model, name, call, calls),
    calls,
  }));
}

/** Calls are counted from the end, where a nested model's own construction does not count. */
function outputShapeOf(
  model: tf.LayersModel,
  name: string,
  call: number,
  calls: number,
): (number | null)[] {
  if (name.endsWith(IMPLIED_INPUT_SUFFIX)) return model.inputs[0].shape.slice(1);
  const made = model.getLayer(name).inboundNodes;
  const shapes = made[Math.max(0, made.length - calls) + call].outputShapes;
  const shape = (Array.isArray(shapes[0]) ? shapes[0] : shapes) as (number | null)[];
  return shape.slice(1);
}

/**
 * Sorts weights by layer and role. TensorFlow.js writes `layer/kernel`; Keras' converter may put scopes before or
 * between (`model/layer/layer/kernel`), so the last layer name in the path owns the weight.
 */
function assignWeights(file: ModelFile, names: Set<string>) {
  const byLayer = new Map<string, Map<string, Weight>>();
  const others = new Map<string, Weight>();
  for (const weight of file.weights.values()) {
    const path = weight.name.split("/");
    const role = path.pop()!.replace(/:\d+$/, "");
    const owner = ownerOf(path, names);
    if (owner === undefined) {
      others.set(weight.name, weight);
      continue;
    }
    const roles = byLayer.get(owner) ?? new Map<string, Weight>();
    roles.set(role, weight);
    byLayer.set(owner, roles);
  }
  return { byLayer, others };
}

/**
 * The layer that owns a weight. Layer names may contain slashes, so joined scopes are tried too, the whole path first.
 *
 * @param path Scopes of the weight's name, without its role.
 * @param names Names of the layers.
 * @returns The last layer's name in the path; undefined when there is none.
 */
export function ownerOf(path: string[], names: Set<string>): string | undefined {
  for (let length = path.length; length > 0; length--) {
    for (let end = path.length; end >= length; end--) {
      const candidate = path.slice(end - length, end).join("/");
      if (names.has(candidate)) return candidate;
    }
  }
  return undefined;
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

/** Length of the longest path from the model's input to every node. */
export function nodeDepths(nodes: readonly LayerNode[]): Map<string, number> {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const depths = new Map<string, number>();
  const stack = nodes.map((node) => node.key);
  while (stack.length > 0) {
    const key = stack[stack.length - 1];
    const sources = byKey.get(key)!.inputs.map(nodeKeyOf);
    const missing = sources.filter((source) => !depths.has(source));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    depths.set(key, 1 + Math.max(-1, ...sources.map((source) => depths.get(source)!)));
  }
  return depths;
}

/**
 * Puts nodes in graph order: every node behind what it reads, and at a merge the shorter branch first, so that a
 * residual block's projection comes before the branch beside it. Convolutions are counted and pruned in this order.
 * Nodes that no output needs come last.
 */
export function orderNodes(nodes: readonly LayerNode[], outputs: readonly string[]): LayerNode[] {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const depths = nodeDepths(nodes);
  const ordered = new Set<LayerNode>();
  const visit = (start: string) => {
    const stack = [start];
    while (stack.length > 0) {
      const node = byKey.get(stack[stack.length - 1])!;
      const inputs = isMerge(node) ? mergeInputsByDepth(node, depths) : node.inputs;
      const next = inputs.map((tensor) => byKey.get(nodeKeyOf(tensor))!)
        .find((source) => !ordered.has(source));
      if (next !== undefined) stack.push(next.key);
      else ordered.add(byKey.get(stack.pop()!)!);
    }
  };
  for (const tensor of outputs) visit(nodeKeyOf(tensor));
  for (const node of nodes) visit(node.key);
  return [...ordered];
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

/**
 * Writes a graph as a model again: a Sequential model stays one while it is a chain.
 *
 * @param graph The graph.
 * @param source The file it came from: metadata and training configuration are taken over.
 * @returns The model, ready to be written or opened.
 */
export function writeGraph(graph: LayerGraph, source: ModelFile): ModelFile {
  const weights = new Map<string, Weight>();
  for (const node of graph.nodes) {
    for (const [role, weight] of node.weights) {
      const name = `${node.name}/${role}`;
      weights.set(name, { ...weight, name });
    }
  }
  for (const [name, weight] of graph.otherWeights) weights.set(name, weight);
  const staysSequential = graph.className === "Sequential" && isChain(graph);
  const model = staysSequential ? sequentialJson(graph) : functionalJson(graph);
  return { ...source, topology: { ...source.topology, ...model }, weights };
}

function isChain(graph: LayerGraph): boolean {
  return graph.nodes.every((node, index) =>
    index === 0 || (node.inputs.length === 1 && node.inputs[0] === graph.nodes[index - 1].key)
  );
}

/** The first layer of a Sequential model states the input's shape, whichever layer that is now. */
function sequentialJson(graph: LayerGraph) {
  const [input] = graph.nodes;
  const layers = graph.nodes
    .filter((node) => !node.name.endsWith(IMPLIED_INPUT_SUFFIX))
    .map(({ className, config: { batch_input_shape: _, ...config } }, index) => ({
      class_name: className,
      config: index === 0
        ? { ...config, batch_input_shape: input.config.batch_input_shape }
        : config,
    }));
  return { class_name: "Sequential", config: { name: graph.name, layers } };
}

function functionalJson(graph: LayerGraph) {
  const nested = new Set(
    graph.nodes.filter((node) => MODEL_CLASSES.has(node.className)).map((node) => node.name),
  );
  const reference = (tensor: string): TensorReference => {
    const [name, call, output] = parseTensorName(tensor);
    return [name, nested.has(name) ? call + 1 : call, output];
  };
  const layers = new Map<string, LayerJson>();
  const byCall = [...graph.nodes].sort((first, second) =>
    parseTensorName(first.key)[1] - parseTensorName(second.key)[1]
  );
  for (const node of byCall) {
    const layer = layers.get(node.name) ?? {
      name: node.name,
      class_name: node.className,
      config: node.config,
      inbound_nodes: [],
    };
    if (node.inputs.length > 0) {
      layer.inbound_nodes!.push(
        node.inputs.map((tensor, index) => [...reference(tensor), node.callArguments[index]]),
      );
    }
    layers.set(node.name, layer);
  }
  return {
    class_name: graph.className === "Sequential" ? "Model" : graph.className,
    config: {
      name: graph.name,
      layers: [...layers.values()],
      input_layers: graph.inputs.map(reference),
      output_layers: graph.outputs.map(reference),
    },
  };
}
