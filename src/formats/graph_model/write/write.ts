import {
  frameIn,
  type FrameInput,
  type FrameOutput,
  type GraphTail,
  type GraphTailNode,
  type JsonObject,
  type ModelFile,
  type ModelFrame,
  OPERATION_CLASS,
  requireFiniteWeights,
  type TailInput,
  type Weight,
} from "../../../model/mod.ts";
import {
  expandLayers,
  findWriter,
  inputShapeOf,
  type LayerCall,
  writeCalls,
} from "../../export/mod.ts";
import { typeAttribute } from "../attributes.ts";
import { GraphWriter, type WrittenTensor } from "./graph_writer.ts";
import { activationLayers } from "./layers/activations.ts";
import { weightedLayers } from "./layers/convolution.ts";
import { joiningLayers } from "./layers/joining.ts";
import type { LayerWriter } from "./layers/layer_writer.ts";
import { mapLayers } from "./layers/maps.ts";
import { writeOperation } from "./layers/operation.ts";

const LAYER_WRITERS: Readonly<Record<string, LayerWriter>> = {
  ...activationLayers,
  ...joiningLayers,
  ...mapLayers,
  ...weightedLayers,
  [OPERATION_CLASS]: writeOperation,
};

/** A graph model as model.json has it, without its manifest. */
export interface WrittenGraph {
  /** `modelTopology`: a `GraphDef`. */
  readonly topology: JsonObject;
  /** Inputs and outputs (`SignatureDef`). */
  readonly signature: JsonObject;
  /** Kernels of layers, which may be stored in fewer bytes. */
  readonly kernels: readonly Weight[];
  /** All other constants. */
  readonly constants: readonly Weight[];
}

/**
 * Writes a network as a graph of TensorFlow's operations, as `tensorflowjs_converter` does. One that came from a graph model
 * has the names of inputs and outputs that it had, and its tail.
 *
 * @param file The model.
 * @returns The graph.
 * @throws {InputError} When a weight is no finite number, or a layer has no counterpart; the message names it.
 */
export function writeGraphModel(file: ModelFile): WrittenGraph {
  requireFiniteWeights(file, `writing ${file.path}`);
  const model = expandLayers(file, "a graph model");
  const { inputs, outputs } = model;
  const frame = frameIn(file, "graph-model") ?? frameOf(inputs, outputs);
  const tail = frame.tail;
  const content = tail?.content.kind === "graph" ? tail.content : undefined;
  const reserved = new Set([
    ...frame.inputs.map(({ name }) => name),
    ...frame.outputs.map(({ name }) => name),
    ...(content?.nodes ?? []).map(({ name }) => name),
  ]);
  const graph = new GraphWriter(file.path, reserved);
  const tensorOf = writeCalls<WrittenTensor>(
    model,
    (call, read) =>
      call.className === "InputLayer"
        ? addInput(graph, call, frame.inputs[inputs.indexOf(call)])
        : findWriter(graph, call, LAYER_WRITERS)(graph, call, read),
  );
  const made = outputs.map(tensorOf);
  if (tail && content) addTail(graph, tail.inputs, content, made);
  const results = frame.outputs.map((output) => nameOutput(graph, output, made));
  const held = [...graph.weights.values()];
  return {
    topology: describeGraph(graph.nodes, content?.library),
    signature: {
      inputs: Object.fromEntries(frame.inputs.map(({ key, name, type, shape }) => [
        ...[key, describeTensor(name, type, shape)] as const,
      ])),
      outputs: Object.fromEntries(results.map(({ key, name, shape }) => [
        ...[key, describeTensor(name, "DT_FLOAT", shape)] as const,
      ])),
    },
    kernels: held.filter(({ name }) => graph.kernels.has(name)),
    constants: held.filter(({ name }) => !graph.kernels.has(name)),
  };
}

/** What a model that was no graph has around its layers: their names. */
function frameOf(inputs: readonly LayerCall[], outputs: readonly LayerCall[]): ModelFrame {
  return {
    format: "graph-model",
    inputs: inputs.map(({ name, config }, place) => ({
      key: name,
      name,
      place,
      type: "DT_FLOAT",
      shape: config.batch_input_shape ?? [],
    })),
    outputs: outputs.map(({ name }, place) => {
      const isInput = inputs.some((input) => input.name === name);
      const isNew = outputs.findIndex((other) => other.name === name) === place;
      const own = isInput || !isNew ? `${name}/output${place + 1}` : name;
      return { key: own, name: own, place };
    }),
  };
}

/** An input; integers become floats behind it. */
function addInput(
  graph: GraphWriter,
  call: LayerCall,
  { name, type, shape }: FrameInput,
): WrittenTensor {
  const extents = inputShapeOf(graph, call, (axes) => axes >= 1);
  const attributes = { dtype: typeAttribute(type), shape: { shape: describeShape(shape) } };
  graph.addReserved({ name, operator: "Placeholder", inputs: [], attributes });
  const given = { name, shape: extents };
  if (type === "DT_FLOAT") return given;
  return graph.add(`${name}/floats`, "Cast", [given], extents, {
    SrcT: typeAttribute(type),
    DstT: typeAttribute("DT_FLOAT"),
  });
}

/** Nodes that are kept as they are; what they read of the layers has other names now. */
function addTail(
  graph: GraphWriter,
  inputs: readonly TailInput[],
  { weights, nodes }: GraphTail,
  made: readonly WrittenTensor[],
): void {
  const names = new Map(inputs.map(({ name, place, form: { type } }) => {
    if (type === "DT_FLOAT") return [name, made[place].name];
    const attributes = { SrcT: typeAttribute("DT_FLOAT"), DstT: typeAttribute(type) };
    return [name, graph.addNode(`${name}/cast`, "Cast", [made[place]], attributes)];
  }));
  for (const weight of weights.values()) graph.addConstant(weight);
  for (const node of nodes) {
    graph.addReserved({ ...node, inputs: node.inputs.map((input) => names.get(input) ?? input) });
  }
}

/** An output under its own name. */
function nameOutput(
  graph: GraphWriter,
  { key, name, place }: FrameOutput,
  made: readonly WrittenTensor[],
): { key: string; name: string; shape?: WrittenTensor["shape"] } {
  if (place === undefined) return { key, name };
  const { name: source, shape } = made[place];
  if (source === name) return { key, name, shape };
  const attributes = { T: typeAttribute("DT_FLOAT") };
  const isNode = !/:\d+$/.test(name);
  if (!isNode) {
    return {
      key,
      name: graph.addNode(name.replace(":", "_"), "Identity", [source], attributes),
      shape,
    };
  }
  graph.addReserved({ name, operator: "Identity", inputs: [source], attributes });
  return { key, name, shape };
}

function describeShape(shape: FrameInput["shape"]): JsonObject {
  const sizes = shape.map((extent) => typeof extent === "number" ? extent : -1);
  return { dim: sizes.map((size) => ({ size: String(size) })) };
}

/** A tensor of the signature (`TensorInfo`). */
function describeTensor(
  name: string,
  dtype: string,
  shape?: FrameInput["shape"],
): JsonObject {
  const tensorShape = shape ? describeShape(shape) : { unknownRank: true };
  return { name: /:\d+$/.test(name) ? name : `${name}:0`, dtype, tensorShape };
}

function describeGraph(nodes: readonly GraphTailNode[], library: JsonObject = {}): JsonObject {
  return {
    node: nodes.map(({ name, operator, inputs, attributes }) => ({
      name,
      op: operator,
      input: inputs,
      attr: attributes,
    })),
    library,
    versions: { producer: 440 },
  };
}
