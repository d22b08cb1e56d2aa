import { InputError, reachable } from "../../base/mod.ts";
import {
  countElements,
  LayerBuilder,
  MOST_VALUES,
  NodeRefusal,
  orderNodes,
} from "../import/mod.ts";
import type { ModelFile, Weight } from "../../model/mod.ts";
import { importStep } from "./steps/import_step.ts";
import { importSingle } from "./single_images.ts";
import type { SeparatedTail } from "./tail.ts";
import { readShape, readType } from "./attributes.ts";
import { type RefusedNodes, refuseNodes } from "./complaints.ts";
import { canFold, foldConstants } from "./fold_constants.ts";
import { GraphConstants } from "./graph_constants.ts";
import type { Graph, GraphNode, NodeOutput } from "./graph_def.ts";
import { GraphValues } from "./graph_values.ts";
import { joinDilated } from "./join_dilated.ts";
import { type GraphContext, NodeCall } from "./node_call.ts";
import { operators } from "./operators/mod.ts";
import { turnMaps } from "./turn_maps.ts";
import type { Feature, Value } from "./values.ts";

/**
 * Makes layers of a frozen TensorFlow graph, as `tensorflowjs_converter` writes it.
 *
 * Layers are named after the nodes. The batch is open whatever the graph says. Shapes that the graph computes are computed
 * here. What has no layer of its own is said with several.
 *
 * @param graph The graph.
 * @param weights Its constants by name of the node.
 * @param path Path of the model, for messages.
 * @param separate Takes nodes behind the layers that cannot become any out as a tail; undefined where it cannot.
 * @returns The same network as layers and weights, and what the graph has around them.
 * @throws {InputError} When nodes read one another in a circle, an input has no usable shape, a constant is not among the
 * weights, or nodes cannot become layers: the message lists every one of them with what to do.
 */
export function readGraphModel(
  graph: Graph,
  weights: ReadonlyMap<string, Weight>,
  path: string,
  separate: (values: GraphValues) => SeparatedTail | undefined = () => undefined,
): Pick<ModelFile, "topology" | "weights" | "frame"> {
  const given = new GraphConstants(weights, path);
  const constantOf = (tensor: NodeOutput) => given.find(tensor, graph.nodes);
  const joined = orderNeeded(joinDilated(graph.nodes, constantOf), graph.outputs, path);
  const turned = turnMaps({ nodes: joined, weights }, constantOf);
  const constants = new GraphConstants(turned.weights, path);
  const nodes = new Map(turned.nodes.map((node) => [node.name, node]));
  const ordered = orderNeeded(nodes, graph.outputs, path);
  const numbers = weights.values().reduce((total, { values }) => total + values.length, 0);
  const inputs = ordered.filter(({ operator }) => operator === "Placeholder");
  const shapes = new Map(inputs.map((node) => [node.name, readInputShape(node, graph, path)]));
  const batches = [...shapes.values().map(([batch]) => batch)];
  const context: GraphContext = {
    layers: new LayerBuilder(path, numbers),
    path,
    batches: new Set([1, ...batches.map((batch) => batch ?? 1)]),
    isSingle: batches.every((batch) => batch === 1),
  };
  const values = new GraphValues(ordered, graph.outputs);
  const refused = importNodes(
    ordered,
    (node) => {
      if (node.operator === "Const") return [constants.read(node.name)];
      const call = new NodeCall(context, node, values.inputsOf(node));
      return node.operator === "Placeholder" ? [addInput(call, shapes.get(node.name)!)] : call;
    },
    values,
  );
  const separated = separate(values);
  if (separated === undefined) refuseNodes(refused, path);
  const outputs = separated?.layers ??
    graph.outputs.map((tensor) => findOutput(tensor, values, path).layer);
  const stated = graph.inputs.map(({ node }) => node).filter((node) => shapes.has(node));
  const names = [...new Set([...stated, ...shapes.keys()])];
  const layersOf = names.map((node) => (values.find({ node, index: 0 }) as Feature).layer);
  if (layersOf.length === 0 || outputs.length === 0) {
    throw new InputError(
      `reading ${path}: found ${layersOf.length} inputs and ${outputs.length} outputs, wanted one at least; ` +
        `convert the model with both, from a SavedModel with a signature`,
    );
  }
  const inputsOfGraph = names.map((name, index) => ({
    key: graph.inputKeys[index] ?? name,
    name,
    place: index,
    type: readType(nodes.get(name)!.attributes.dtype) ?? "DT_FLOAT",
    shape: shapes.get(name)!,
  }));
  const ends = separated && { outputs: separated.outputs, tail: separated.tail };
  return {
    ...context.layers.build("graph_model", layersOf, outputs),
    ...(ends && { frame: { format: "graph-model", inputs: inputsOfGraph, ...ends } }),
  };
}

/**
 * Reads nodes one by one.
 *
 * @param nodes The nodes, each behind what it reads.
 * @param start What a node makes where that is known beforehand, or else the call that operators are to see.
 * @param values Where the results go.
 * @returns The nodes that cannot become layers.
 */
function importNodes(
  nodes: readonly GraphNode[],
  start: (node: GraphNode) => readonly Value[] | NodeCall,
  values: GraphValues,
): RefusedNodes {
  const complaints: NodeRefusal[] = [];
  const strangers: GraphNode[] = [];
  for (const node of nodes) {
    try {
      const made = start(node);
      if (!(made instanceof NodeCall)) values.define(node, made);
      else if (values.areKnown(node)) values.define(node, importNode(made, strangers));
      else if (!isKnown(node) && !canFold(node.operator)) strangers.push(node);
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      complaints.push(error);
    }
  }
  return { strangers, complaints };
}

function isKnown({ operator }: GraphNode): boolean {
  return Object.hasOwn(operators, operator);
}

function importNode(call: NodeCall, strangers: GraphNode[]): readonly Value[] {
  const folded = foldConstants(call);
  if (folded) return [{ source: call.mainSource(), ...folded }];
  const single = importSingle(call);
  if (single) return [single];
  try {
    if (isKnown(call.node)) return [operators[call.operator](call)].flat();
  } catch (error) {
    if (error instanceof NodeRefusal) return importStep(call, error);
    throw error;
  }
  const step = importStep(call);
  if (step === undefined) strangers.push(call.node);
  return step ?? [];
}

/**
 * The nodes that outputs need, each behind what it reads. Loops of older graphs are circles that NextIteration closes; they
 * are opened there, so that all their nodes can be named.
 */
function orderNeeded(
  nodes: ReadonlyMap<string, GraphNode>,
  outputs: readonly NodeOutput[],
  path: string,
): GraphNode[] {
  const find = (tensors: readonly NodeOutput[]) => tensors.map(({ node }) => nodes.get(node)!);
  const needed = reachable(find(outputs), ({ inputs }) => find(inputs));
  return orderNodes([...nodes.values().filter((node) => needed.has(node))], {
    path,
    remedy: "convert the model again",
    sourcesOf: ({ inputs }) => find(inputs).filter((source) => source.operator !== "NextIteration"),
    describe: ({ name, operator }) => `"${name}" (${operator})`,
  });
}

/** Element types of inputs; integers are to be cast. */
const INPUT_TYPES = new Set(["DT_FLOAT", "DT_INT32", "DT_UINT8"]);

/** The shape of an input with its batch, from the node or else from the signature. */
function readInputShape(node: GraphNode, { inputShapes }: Graph, path: string): (number | null)[] {
  const activity = `reading ${path}: input "${node.name}"`;
  const type = readType(node.attributes.dtype) ?? "DT_FLOAT";
  if (!INPUT_TYPES.has(type)) {
    throw new InputError(
      `${activity} has elements of ${type}, wanted DT_FLOAT; ` +
        `convert the model with an input of floats`,
    );
  }
  const attribute = node.attributes.shape as { shape?: unknown } | undefined;
  const shape = readShape(attribute?.shape) ?? readShape(inputShapes.get(node.name));
  const known = shape?.filter((extent) => extent !== null) ?? [];
  const isUsable = shape !== undefined && shape.length >= 2 && shape.at(-1) !== null &&
    known.every((extent) => Number.isSafeInteger(extent) && extent >= 1);
  if (isUsable && countElements(known) <= MOST_VALUES) return shape;
  throw new InputError(
    `${activity} has shape [${(shape ?? []).map((extent) => extent ?? "?").join(", ")}], ` +
      `wanted N × H × W × C with C known and ${MOST_VALUES} values at most; ` +
      `export the model with a shape for its input`,
  );
}

/** The input layer; the batch is open. */
function addInput(call: NodeCall, [, ...shape]: (number | null)[]): Feature {
  const config = { batch_input_shape: [null, ...shape], dtype: "float32", sparse: false };
  return {
    kind: "feature",
    layer: call.addLayer("InputLayer", [], config),
    shape,
    nonNegative: false,
    isShared: false,
    isInteger: call.type("dtype", "DT_FLOAT") !== "DT_FLOAT",
  };
}

function findOutput(tensor: NodeOutput, values: GraphValues, path: string): Feature {
  const value = values.find(tensor);
  if (value?.kind === "feature" && !value.isInteger && !value.isSingle) return value;
  const found = value === undefined
    ? "that its node does not make"
    : value.kind === "constant"
    ? "that is constant"
    : value.isInteger
    ? "of integers"
    : "without a batch";
  throw new InputError(
    `reading ${path}: found output "${tensor.node}:${tensor.index}" ${found}, ` +
      `wanted floats that the network computes; ` +
      `convert the part ahead of it (tensorflowjs_converter --output_node_names)`,
  );
}
