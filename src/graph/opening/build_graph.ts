import type * as tf from "@tensorflow/tfjs";
import type { LayerConfig, LayerJson, ModelFile, Weight } from "../../model/mod.ts";
import {
  callKey,
  IMPLIED_INPUT_SUFFIX,
  isModelClass,
  type LayerGraph,
  layerName,
  type LayerNode,
  parseReferences,
  type TensorReference,
} from "../layer_graph.ts";
import { putInGraphOrder } from "../graph_order.ts";
import { completeShapes } from "./complete_shapes.ts";

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
  const made = new Map([...model.inputLayers, ...model.layers].map((layer) => [layer.name, layer]));
  // TensorFlow.js makes nothing of a layer that no output needs.
  const calls = isSequential
    ? sequentialCalls(layers, model)
    : layers.filter((layer) => made.has(layerName(layer)));
  const classes = new Map(calls.map((layer) => [layerName(layer), layer.class_name]));
  const { byLayer, others } = assignWeights(file, classes);
  const nameTensor = tensorNaming(calls);
  const nodes = calls.flatMap((layer) =>
    nodesOfLayer(layer, nameTensor, byLayer, made.get(layerName(layer)), model)
  );
  const outputs = isSequential
    ? [layerName(calls[calls.length - 1])]
    : parseReferences(config.output_layers).map(nameTensor);
  const inputs = isSequential
    ? [layerName(calls[0])]
    : parseReferences(config.input_layers).map(nameTensor);
  return {
    name: String(config.name ?? "model"),
    nodes: completeShapes(putInGraphOrder(nodes, outputs), model),
    inputs,
    outputs,
    className,
    otherWeights: others,
  };
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

function impliedInputLayer(first: LayerJson, model: tf.LayersModel): LayerJson {
  const name = `${layerName(first)}${IMPLIED_INPUT_SUFFIX}`;
  const shape = model.inputs[0].shape;
  return {
    class_name: "InputLayer",
    config: { batch_input_shape: shape, dtype: "float32", sparse: false, name },
  };
}

/** What TensorFlow.js has not made is the input that a Sequential model implies. */
function nodesOfLayer(
  layer: LayerJson,
  nameTensor: TensorNaming,
  weightsOf: Map<string, Map<string, Weight>>,
  made: tf.layers.Layer | undefined,
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
    config: inbound.length === 0 ? layer.config : withoutInputShape(layer.config),
    inputs: (inbound[call] ?? []).map(nameTensor),
    callArguments: (inbound[call] ?? []).map((reference) => reference[3] ?? {}),
    weights,
    outputShape: made === undefined
      ? model.inputs[0].shape.slice(1)
      : outputShapeOf(made, call, calls),
    calls,
  }));
}

/** What a layer behind others says of its input would be wrong as soon as channels are cut before it. */
function withoutInputShape({ batch_input_shape: _, ...config }: LayerConfig): LayerConfig {
  return config;
}

/** Calls are counted from the end, where a nested model's own construction does not count. */
function outputShapeOf(
  { inboundNodes }: tf.layers.Layer,
  call: number,
  calls: number,
): (number | null)[] {
  const shapes = inboundNodes[Math.max(0, inboundNodes.length - calls) + call].outputShapes;
  const shape = (Array.isArray(shapes[0]) ? shapes[0] : shapes) as (number | null)[];
  return shape.slice(1);
}

/**
 * Sorts weights by layer and role. TensorFlow.js writes `layer/kernel`; Keras' converter may put scopes before or
 * between (`model/layer/layer/kernel`), so the last layer name in the path owns the weight. The weights of layers in a
 * wrapper have these layers' names in their roles, since there can be several kernels.
 */
function assignWeights(file: ModelFile, classes: ReadonlyMap<string, string>) {
  const names = new Set(classes.keys());
  const byLayer = new Map<string, Map<string, Weight>>();
  const others = new Map<string, Weight>();
  for (const weight of file.weights.values()) {
    const path = weight.name.split("/");
    const last = path.pop()!.replace(/:\d+$/, "");
    const owner = ownerOf(path, names);
    if (owner === undefined) {
      others.set(weight.name, weight);
      continue;
    }
    const roles = byLayer.get(owner) ?? new Map<string, Weight>();
    const isWrapper = WRAPPERS.has(classes.get(owner)!);
    roles.set(isWrapper ? roleInWrapper(path, owner, last) : last, weight);
    byLayer.set(owner, roles);
  }
  return { byLayer, others };
}

/** Classes that hold other layers with weights. */
const WRAPPERS: ReadonlySet<string> = new Set(["Bidirectional", "TimeDistributed"]);

function roleInWrapper(path: readonly string[], owner: string, last: string): string {
  const { length } = owner.split("/");
  const ends = path.map((_, index) => index + 1);
  const end = ends.findLast((each) => path.slice(each - length, each).join("/") === owner)!;
  return [...path.slice(end), last].join("/");
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
