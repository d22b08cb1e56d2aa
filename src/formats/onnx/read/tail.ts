import { InputError } from "../../../base/mod.ts";
import { findTail, type FoundLayer, type FoundTail, NodeRefusal } from "../../import/mod.ts";
import type { FrameInput, FrameOutput, ModelFrame, ModelTail } from "../../../model/mod.ts";
import type { OnnxModel, OnnxNode, OnnxValueInfo } from "../messages.ts";
import { encodeOnnx, isTensor } from "../write/encode.ts";
import { findElementTypes, nameOfType, typeOfName } from "./element_types.ts";
import { findBorder } from "./find_border.ts";
import type { GraphValues } from "./graph_values.ts";
import { type GraphContext, nameOfNode } from "./node_call.ts";
import { namesRead } from "./order_graph.ts";
import { type ExternalData, withElements } from "./tensors.ts";

/** The oldest operations that the layers can be written in beside a tail. */
const FIRST_OPSET = 11;

/** The version of the format since which constants need not be inputs and functions have a place. */
const IR_VERSION = 8;

/** Operators with kernels, which pruning is about. */
const KERNEL = /Conv|Gemm|LSTM|GRU|RNN|^(QLinear|FusedMat)?MatMul(Integer)?$/;

/** Operators that have a kernel only where one of their inputs is constant. */
const PRODUCT = /MatMul/;

/** What the tail is taken from. */
export interface TailSource {
  readonly model: OnnxModel;
  /** The nodes as the file has them, each behind what it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly values: GraphValues;
  readonly context: GraphContext;
  readonly external: ExternalData;
}

/** What a graph gives when its tail is left out. */
export interface SeparatedTail {
  /** Layers whose tensors are outputs, or go into the tail. */
  readonly layers: readonly string[];
  /** Inputs of the layers. */
  readonly inputs: readonly string[];
  readonly frame: ModelFrame;
}

/**
 * Takes the nodes that are no layers, and all behind them, out of a graph as its tail.
 *
 * @param source The graph and what is known of its tensors.
 * @returns Outputs and tail; undefined where it would hold something with a kernel, or all that has one.
 * @throws {InputError} When the tail reads what is not there, makes a tensor twice, has constants in other files that are not
 * among those that were read, or stands in operations older than layers can be written in.
 */
export function separateTail(source: TailSource): SeparatedTail | undefined {
  const { model: { graph }, nodes, values, context } = source;
  const { layers: builder } = context;
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const given = new Set(graph.inputs.map(({ name }) => name));
  const entries = new Set(
    [...given].flatMap((name) => {
      const value = values.find(name);
      return value?.kind === "feature" ? [value.layer] : [];
    }),
  );
  const types = findElementTypes(nodes, graph);
  const found = findTail(graph.outputs.map(({ name }) => name), {
    nameOf: (name) => name,
    makerOf: (name) => makers.get(name),
    inputsOf: namesRead,
    findLayer: (name) => findLayer(name, source, types, entries),
  });
  const inTail = found.nodes.values().some((node) => hasKernel(node, values));
  const inLayers = nodes.some((node) => !found.nodes.has(node) && hasKernel(node, values));
  if (inTail || !inLayers) return undefined;
  const needed = builder.reach(found.layers);
  const inputs = graph.inputs.flatMap(({ name }) => {
    const value = values.find(name);
    return value?.kind === "feature" && needed.has(value.layer) ? [value.layer] : [];
  });
  const tail = found.places.includes(undefined) ? describeTail(found, source) : undefined;
  return {
    layers: found.layers,
    inputs,
    frame: {
      format: "onnx",
      inputs: describeInputs(source, inputs),
      outputs: describeOutputs(found, graph.outputs),
      ...(tail && { tail }),
    },
  };
}

/** Inputs are read by the tail as they are. */
function findLayer(
  name: string,
  { values, context }: TailSource,
  types: ReadonlyMap<string, number>,
  entries: ReadonlySet<string>,
): FoundLayer | undefined {
  try {
    const value = findBorder(name, values, context);
    if (value === undefined || entries.has(value.layer)) return undefined;
    const { layer, shape, isLast = false } = value;
    const isChannelsFirst = shape.length > 1 && !isLast;
    return {
      layer,
      form: {
        type: nameOfType(types.get(name)!),
        shape: [null, ...shape],
        ...(isChannelsFirst && { isChannelsFirst }),
      },
    };
  } catch (error) {
    if (error instanceof NodeRefusal) return undefined;
    throw error;
  }
}

function hasKernel({ operator, inputs, subgraphs }: OnnxNode, values: GraphValues): boolean {
  if (subgraphs?.operators.some((inner) => KERNEL.test(inner) && !PRODUCT.test(inner))) return true;
  if (!KERNEL.test(operator)) return false;
  return !PRODUCT.test(operator) ||
    inputs.some((name) => values.find(name)?.kind === "constant");
}

function describeInputs(
  { model: { graph }, values }: TailSource,
  inputs: readonly string[],
): FrameInput[] {
  const stored = new Set(graph.initializers.map(({ name }) => name));
  return graph.inputs.filter(({ name }) => !stored.has(name))
    .map(({ name, dataType, shape = [] }) => {
      const value = values.find(name);
      const layer = value?.kind === "feature" ? value : undefined;
      const place = layer ? inputs.indexOf(layer.layer) : -1;
      const isChannelsFirst = layer !== undefined && layer.shape.length > 1 && !layer.isLast;
      return {
        ...{ key: name, name, type: nameOfType(dataType), shape },
        ...(place >= 0 && { place }),
        ...(isChannelsFirst && { isChannelsFirst }),
      };
    });
}

function describeOutputs(
  { places, forms }: FoundTail<string, OnnxNode>,
  outputs: readonly OnnxValueInfo[],
): FrameOutput[] {
  return outputs.map(({ name, shape }, index) => {
    const [place, form] = [places[index], forms[index]];
    if (place === undefined || form === undefined) return { key: name, name };
    const isStated = shape?.length === form.shape?.length;
    return { key: name, name, place, form: { ...form, ...(isStated && { shape }) } };
  });
}

function describeTail(found: FoundTail<string, OnnxNode>, source: TailSource): ModelTail {
  const { context: { path, opset } } = source;
  if (opset < FIRST_OPSET) {
    throw new InputError(
      `reading ${path}: found opset ${opset} and operations that are to be kept behind the layers, ` +
        `wanted opset ${FIRST_OPSET} at least for that; convert the file (onnx.version_converter), ` +
        `or export it again with opset_version=17`,
    );
  }
  const nodes = source.nodes.filter((node) => found.nodes.has(node));
  return {
    nodes: nodes.filter(({ operator }) => operator !== "Constant").map((node) => ({
      name: nameOfNode(node),
      operator: node.domain === "" || node.domain === "ai.onnx"
        ? node.operator
        : `${node.domain}.${node.operator}`,
    })),
    inputs: found.inputs,
    content: { kind: "file", bytes: encodeTail(nodes, found, source) },
  };
}

/** The tail as a file of its own. */
function encodeTail(
  nodes: readonly OnnxNode[],
  { given, inputs, places }: FoundTail<string, OnnxNode>,
  { model, external, context: { path } }: TailSource,
): Uint8Array {
  const { graph } = model;
  const initializers = graph.initializers.filter(({ name }) => given.has(name));
  const stored = new Set(initializers.map(({ name }) => name));
  const passed = graph.inputs.filter(({ name }) => given.has(name) && !stored.has(name));
  const names = new Set([...stored, ...passed.map(({ name }) => name)]);
  const lost = given.keys().find((name) => !names.has(name));
  if (lost !== undefined) {
    throw new InputError(
      `reading ${path}: found "${lost}" read behind the layers, which nothing here makes; ` +
        `export the model in evaluation mode`,
    );
  }
  requireWhole(nodes, names, path);
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const isForeign = nodes.some(({ domain }) => domain !== "" && domain !== "ai.onnx");
  return encodeOnnx({
    ...model,
    irVersion: Math.max(model.irVersion, IR_VERSION),
    functions: isForeign ? model.functions : [],
    metadata: new Map(),
    graph: {
      name: graph.name,
      nodes: [...nodes],
      initializers: initializers.map((tensor) => withElements(tensor, external, path)),
      inputs: [
        ...inputs.map(({ name, form: { type, shape } }) => ({
          name,
          dataType: typeOfName(type),
          shape: shape && [...shape],
        })),
        ...passed,
      ],
      outputs: graph.outputs.filter((_, index) => places[index] === undefined),
      valueInfos: graph.valueInfos?.filter(({ name }) => made.has(name)),
    },
  });
}

/** Refuses nodes that make a tensor twice, or hold constants that are in other files. */
function requireWhole(
  nodes: readonly OnnxNode[],
  given: ReadonlySet<string>,
  path: string,
): void {
  const made = new Set(given);
  for (const node of nodes) {
    for (const name of node.outputs.filter((output) => output !== "")) {
      if (made.has(name)) {
        throw new InputError(
          `reading ${path}: found tensor "${name}" twice, wanted it once; export the model again`,
        );
      }
      made.add(name);
    }
    const isSplit = node.attributes.values().some((value) => isTensor(value) && value.external);
    if (!isSplit) continue;
    throw new InputError(
      `reading ${path}: found node "${
        nameOfNode(node)
      }" (${node.operator}) with a constant in another file, ` +
        `wanted it among its attributes; export the model with the weights inside`,
    );
  }
}
