import { InputError, ownValue } from "../../../base/mod.ts";
import { countElements, LayerBuilder, NodeRefusal } from "../../import/mod.ts";
import type { ModelFile, ModelFrame } from "../../../model/mod.ts";
import { addInput } from "./add_input.ts";
import { requireKnownAttributes } from "./attributes.ts";
import { decodeOnnx } from "./decode.ts";
import { findBorder } from "./find_border.ts";
import { GraphValues } from "./graph_values.ts";
import { joinActivations } from "./join_activations.ts";
import { joinNormalizations } from "./join_normalizations.ts";
import { findLayouts } from "./find_layouts.ts";
import { foldConstants } from "./fold_constants.ts";
import { DATA_TYPES, type OnnxGraph, type OnnxNode } from "../messages.ts";
import { type ChannelsFirst, noteChannelsFirst } from "../channels_first.ts";
import { readMetadata } from "../../export/mod.ts";
import { importOrKeep } from "./steps/import_step.ts";
import { type GraphContext, nameOfNode, NodeCall } from "./node_call.ts";
import { operators } from "./operators/mod.ts";
import { dropUnneeded, namesRead, orderGraph } from "./order_graph.ts";
import { listShortConstants } from "./short_constants.ts";
import { type SeparatedTail, separateTail, type TailSource } from "./tail.ts";
import { type ExternalData, readTensor } from "./tensors.ts";
import type { Feature, Value } from "../values.ts";
import type { BesideReader } from "../../tfjs/read_beside.ts";

/** Versions of the operations that are read. */
const FIRST_OPSET = 1, LAST_OPSET = 23;

const NO_SERIES: ChannelsFirst = { inputs: [], outputs: [] };

/**
 * Reads a convolutional network from the bytes of an ONNX file and of those that hold its weights.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @param readFile Reads a file with weights.
 * @returns The network as layers and weights.
 * @throws {InputError} As {@link readOnnx}; also when a file is missing.
 */
export async function readOnnxModel(
  bytes: Uint8Array,
  path: string,
  readFile: BesideReader,
): Promise<ModelFile> {
  const { graph } = decodeOnnx(bytes, path);
  const locations = new Set(
    graph.initializers.flatMap(({ external }) => external?.get("location") ?? []),
  );
  const external = new Map<string, Uint8Array>();
  for (const location of locations) {
    external.set(location, await readFile(location, "weights"));
  }
  const file = readOnnx(bytes, path, external);
  const beside = external.values().reduce((total, { length }) => total + length, 0);
  return { ...file, bytes: bytes.length + beside };
}

/**
 * Reads a convolutional network from ONNX, as PyTorch exports it: N × C × H × W becomes N × H × W × C in all layers and
 * weights, so that nothing is transposed while the network runs.
 *
 * Layers are named after the nodes. The batch is open whatever the file says. Shapes that the graph computes are computed
 * here. What has no layer of its own is said with several: padding, groups, HardSwish, arithmetic with constants.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @param external Files beside it that hold weights, by the location that the model names.
 * @returns The same network as layers and weights.
 * @throws {InputError} When the file is damaged or hostile, or has an operation that cannot be said with layers; the
 * message names its node.
 */
export function readOnnx(
  bytes: Uint8Array,
  path: string,
  external: ExternalData = new Map(),
): ModelFile {
  const model = decodeOnnx(bytes, path);
  const { graph, opset, metadata } = model;
  if (opset < FIRST_OPSET || opset > LAST_OPSET) {
    throw new InputError(
      `reading ${path}: found opset ${opset}, wanted ${FIRST_OPSET} to ${LAST_OPSET}; ` +
        `export the model with opset_version=17`,
    );
  }
  requireSeparate(graph, external, path);
  const ordered = orderGraph(graph, path);
  const short = listShortConstants(ordered, graph.initializers, path);
  const joined = joinNormalizations(joinActivations(ordered, short), short);
  const nodes = dropUnneeded(joined, graph);
  const ends = graph.outputs.map((output) => output.name);
  const values = new GraphValues([...nodes.flatMap(namesRead), ...ends], path);
  const refused: NodeRefusal[] = [];
  const attempt = (names: readonly string[], make: () => readonly Value[]) => {
    try {
      make().forEach((value, index) => names[index] && values.define(names[index], value));
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      refused.push(error);
      for (const name of names) if (name !== "") values.defineMissing(name);
    }
  };
  let numbers = 0;
  for (const tensor of graph.initializers) {
    attempt([tensor.name], () => {
      const constant = readTensor(tensor, external, path);
      numbers += constant.values.length;
      return [{ ...constant, source: tensor.name }];
    });
  }
  const layers = new LayerBuilder(path, numbers);
  const stored = new Set(graph.initializers.map(({ name }) => name));
  const given = graph.inputs.filter(({ name }) => !stored.has(name));
  const declared = given.map(({ shape }) => shape?.[0]).filter((batch) =>
    typeof batch === "number"
  );
  const context: GraphContext = {
    layers,
    opset,
    path,
    batches: new Set([1, ...declared]),
    isSingle: declared.includes(1),
    layouts: findLayouts(nodes),
  };
  for (const input of given) attempt([input.name], () => [addInput(input, context)]);
  for (const node of nodes) {
    if (namesRead(node).some((name) => values.isMissing(name))) {
      node.outputs.filter((name) => name !== "").forEach((name) => values.defineMissing(name));
    } else attempt(node.outputs, () => readNode(context, node, values));
  }
  const source = { model, nodes: ordered, values, context, external };
  const { inputs, layers: outputs, frame, series = NO_SERIES } = findEnds(source, refused);
  if (inputs.length === 0 || outputs.length === 0) {
    throw new InputError(
      `reading ${path}: found ${inputs.length} inputs and ${outputs.length} outputs, wanted one at least; ` +
        `export the model with both`,
    );
  }
  const name = graph.name.replace(/[^A-Za-z0-9.-]+/g, "_") || "model";
  const isHalf = graph.initializers.some(({ dataType, shape }) =>
    dataType === DATA_TYPES.float16 && shape.length > 1
  );
  return {
    ...layers.build(name, inputs, outputs),
    ...(frame && { frame }),
    ...noteChannelsFirst(readMetadata(metadata).metadata, series),
    ...(isHalf && { quantized: "float16" as const }),
    bytes: bytes.length,
    path,
  };
}

/** Places of the series whose channels are first. */
function listSeries(tensors: readonly Feature[]): number[] {
  return tensors.flatMap(({ shape, isFlat, isLast }, place) =>
    shape.length === 2 && !isFlat && !isLast ? [place] : []
  );
}

/** Refuses tensors that lie over one another in a file beside the model, so that they take far more memory than it. */
function requireSeparate({ initializers }: OnnxGraph, external: ExternalData, path: string): void {
  const bytes = external.values().reduce((total, { length }) => total + length, 0);
  const beside = initializers.filter((tensor) => tensor.external !== undefined);
  const declared = beside.reduce((total, { shape }) => total + countElements(shape), 0);
  if (declared <= bytes || bytes === 0) return;
  throw new InputError(
    `reading ${path}: found ${declared} numbers in tensors that lie in ${bytes} bytes of other files, ` +
      `wanted a byte for every number at least; copy or export the model again`,
  );
}

/** Operators that read integers. */
const TAKES_INTEGERS = new Set(["Cast", "CastLike", "Identity", "Shape", "Size", "Transpose"]);

function readNode(
  context: GraphContext,
  node: OnnxNode,
  values: GraphValues,
): readonly Value[] {
  const inputs = node.inputs.map((name) => {
    if (name === "") return undefined;
    const value = values.find(name);
    if (value) return value;
    throw new InputError(
      `reading ${context.path}: node "${nameOfNode(node)}" (${node.operator}) reads "${name}", ` +
        `which nothing here makes; export the model in evaluation mode`,
    );
  });
  const call = new NodeCall(context, node, inputs);
  if (
    call.inputs[0]?.kind === "feature" && call.inputs[0].isInteger &&
    !TAKES_INTEGERS.has(node.operator)
  ) {
    throw call.refusal(`reads integers, wanted floats; cast the input of the model to float first`);
  }
  const isStandard = node.domain === "" || node.domain === "ai.onnx";
  if (isStandard) requireKnownAttributes(call);
  const folded = isStandard ? foldConstants(call) : undefined;
  if (folded) return [{ source: call.mainSource() ?? node.outputs[0], ...folded }];
  const operator = isStandard ? ownValue(operators, node.operator) : undefined;
  const made = isStandard ? importOrKeep(call, operator) : undefined;
  if (made) return [made].flat();
  const full = isStandard ? node.operator : `${node.domain}.${node.operator}`;
  throw call.refusal(
    `is no operation that can be read${isStandard ? "" : ` (${full})`}; ` +
      `${adviceFor(node.operator)}`,
  );
}

/** The nearest thing to do about operations that are met now and then. */
function adviceFor(operator: string): string {
  if (/^(Q|DynamicQ|Dequantize)|Integer$|^QLinear/.test(operator)) {
    return "export the model before it is quantized";
  }
  if (/^(If|Loop|Scan|Where|NonZero)$/.test(operator)) {
    return "export the model by tracing, without branches that depend on the data";
  }
  if (/Norm/.test(operator)) return "use BatchNormalization instead";
  if (/^(LSTM|GRU|RNN|Attention|Einsum)$/.test(operator)) {
    return "only convolutional networks are read";
  }
  return `replace it in the model, or export the part ahead of it`;
}

/** What goes in and out of the layers, and what the file has around them where that is anything. */
function findEnds(
  source: TailSource,
  refused: readonly NodeRefusal[],
): Pick<SeparatedTail, "inputs" | "layers"> & {
  readonly frame?: ModelFrame;
  /** Which of them are series with their channels first, where no frame has it. */
  readonly series?: ChannelsFirst;
} {
  const { model: { graph }, values, context } = source;
  const inputs = graph.inputs.map(({ name }) => values.find(name))
    .filter((value) => value?.kind === "feature");
  const problems = [...refused];
  const borders = graph.outputs.flatMap(({ name }) => {
    try {
      const border = findBorder(name, values, context);
      if (border) return [border];
      problems.push(refuseOutput(name, source));
    } catch (error) {
      if (!(error instanceof NodeRefusal)) throw error;
      problems.push(error);
    }
    return [];
  });
  const isWhole = problems.length === 0 && !inputs.some(({ isInteger }) => isInteger);
  if (isWhole) {
    return {
      inputs: inputs.map(({ layer }) => layer),
      layers: borders.map(({ layer }) => layer),
      series: { inputs: listSeries(inputs), outputs: listSeries(borders) },
    };
  }
  const separated = separateTail(source);
  if (separated && (separated.frame.tail || problems.length === 0)) return separated;
  throw problems[0] ?? new InputError(
    `reading ${context.path}: found no kernel behind an input of integers, ` +
      `wanted a convolution or a linear layer; export the model with an input of floats`,
  );
}

function refuseOutput(name: string, { values, context: { path } }: TailSource): NodeRefusal {
  const value = values.find(name);
  const found = value === undefined
    ? "that nothing makes"
    : value.kind === "constant"
    ? "that is constant"
    : `of ${value.type ?? "integers"}`;
  return new NodeRefusal(
    `reading ${path}: found output "${name}" ${found}, wanted one that the network computes; ` +
      `export the model with a linear layer, pooling or maps at its end`,
  );
}
