import { InputError, ownValue } from "../../../base/mod.ts";
import { countElements, LayerBuilder, MOST_VALUES } from "../../import/mod.ts";
import type { ModelFile } from "../../../model/mod.ts";
import { requireKnownAttributes } from "./attributes.ts";
import { decodeOnnx } from "./decode.ts";
import { joinActivations } from "./join_activations.ts";
import { joinNormalizations } from "./join_normalizations.ts";
import { findLayouts } from "./find_layouts.ts";
import { foldConstants } from "./fold_constants.ts";
import { DATA_TYPES, type OnnxGraph, type OnnxNode, type OnnxValueInfo } from "../messages.ts";
import { noteChannelsFirst } from "../channels_first.ts";
import { readMetadata } from "../../export/mod.ts";
import { importOrKeep } from "./steps/import_step.ts";
import { type GraphContext, nameOfNode, NodeCall } from "./node_call.ts";
import { operators, toPlain } from "./operators/mod.ts";
import { dropUnneeded, orderGraph } from "./order_graph.ts";
import { listShortConstants } from "./short_constants.ts";
import { type ExternalData, readTensor } from "./tensors.ts";
import { type Feature, shapeInLayers, type Value } from "../values.ts";
import type { BesideReader } from "../../tfjs/read_beside.ts";

/** Versions of the operations that are read. */
const FIRST_OPSET = 1, LAST_OPSET = 23;

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
  const { graph, opset, metadata } = decodeOnnx(bytes, path);
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
  const values = new GraphValues(nodes, graph, path);
  let numbers = 0;
  for (const tensor of graph.initializers) {
    const constant = readTensor(tensor, external, path);
    numbers += constant.values.length;
    values.define(tensor.name, { ...constant, source: tensor.name });
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
  const inputs = given.map((input) => {
    const value = addInput(input, context);
    values.define(input.name, value);
    return value;
  });
  for (const node of nodes) {
    readNode(context, node, values).forEach((value, index) => {
      const name = node.outputs[index] ?? "";
      if (name !== "") values.define(name, value);
    });
  }
  const outputs = graph.outputs.map(({ name }) => findOutput(name, values, context));
  if (inputs.length === 0 || outputs.length === 0) {
    throw new InputError(
      `reading ${path}: found ${inputs.length} inputs and ${outputs.length} outputs, wanted one at least; ` +
        `export the model with both`,
    );
  }
  const name = graph.name.replace(/[^A-Za-z0-9.-]+/g, "_") || "model";
  const [read, made] = [inputs, outputs].map((tensors) => tensors.map(({ layer }) => layer));
  const model = layers.build(name, read, made);
  const isHalf = graph.initializers.some(({ dataType, shape }) =>
    dataType === DATA_TYPES.float16 && shape.length > 1
  );
  return {
    ...model,
    ...noteChannelsFirst(readMetadata(metadata).metadata, {
      inputs: listSeries(inputs),
      outputs: listSeries(outputs),
    }),
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

/** The tensors of a graph by name. */
class GraphValues {
  readonly #values = new Map<string, Value>();
  readonly #readers = new Map<string, number>();
  readonly #path: string;

  constructor(nodes: readonly OnnxNode[], { outputs }: OnnxGraph, path: string) {
    this.#path = path;
    const read = [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ name }) => name)];
    for (const name of read) this.#readers.set(name, (this.#readers.get(name) ?? 0) + 1);
  }

  define(name: string, value: Value): void {
    if (this.#values.has(name)) {
      throw new InputError(
        `reading ${this.#path}: found tensor "${name}" twice, wanted it once; export the model again`,
      );
    }
    const isShared = (this.#readers.get(name) ?? 0) > 1;
    const isFeature = value.kind === "feature";
    this.#values.set(name, isFeature && isShared ? { ...value, isShared } : value);
  }

  find(name: string): Value | undefined {
    return this.#values.get(name);
  }
}

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

/** The input layer; the batch is open, the channels, or the numbers of a vector, must be known. */
function addInput({ name, dataType, shape }: OnnxValueInfo, context: GraphContext): Feature {
  const activity = `reading ${context.path}: input "${name}"`;
  if (dataType !== DATA_TYPES.float && dataType !== DATA_TYPES.float16) {
    throw new InputError(
      `${activity} has elements of type ${dataType}, wanted float or float16; ` +
        `export the model with an input of floats`,
    );
  }
  const [, ...extents] = (shape ?? []).map((extent) =>
    typeof extent === "number" && extent !== 0 ? extent : null
  );
  const layout = context.layouts.get(name);
  const isLast = extents.length === 2 ? layout !== "first" : layout === "last";
  const value: Feature = {
    kind: "feature",
    layer: "",
    shape: extents,
    isFlat: extents.length === 1,
    isLast: extents.length > 1 && isLast,
    nonNegative: false,
    isShared: false,
  };
  const inLayers = shapeInLayers(value);
  const known = extents.filter((extent) => extent !== null);
  const isUsable = extents.length >= 1 && extents.length <= 3 && inLayers.at(-1) !== null &&
    known.every((extent) => extent > 0);
  if (!isUsable || countElements(known) > MOST_VALUES) {
    throw new InputError(
      `${activity} has shape [${(shape ?? []).map((extent) => extent ?? "?").join(", ")}], ` +
        `wanted N × C × H × W, N × C × L or N × C with C known and ${MOST_VALUES} values at most; ` +
        `export the model for images of a fixed number of channels`,
    );
  }
  const layer = context.layers.add({
    name,
    className: "InputLayer",
    inputs: [],
    config: { batch_input_shape: [null, ...inLayers], dtype: "float32", sparse: false },
  });
  return { ...value, layer };
}

/** What an output of the graph is; flattened maps are put into ONNX' order. */
function findOutput(name: string, values: GraphValues, context: GraphContext): Feature {
  const value = values.find(name);
  if (value?.kind === "feature") {
    if (value.type !== undefined) return refuseOutput(name, `of ${value.type}`, context);
    const node = { name: "", operator: "Identity", domain: "", inputs: [name], outputs: [name] };
    const call = new NodeCall(context, { ...node, attributes: new Map() }, [value]);
    if (value.isTurned && value.shape.length === 3) return call.maps();
    const isGrouped = value.shape.length === 4 && !value.isLast;
    return value.pieces === undefined && !isGrouped ? value : toPlain(call, value);
  }
  const found = value === undefined ? "that nothing makes" : "that is constant";
  return refuseOutput(name, found, context);
}

function refuseOutput(name: string, found: string, context: GraphContext): never {
  throw new InputError(
    `reading ${context.path}: found output "${name}" ${found}, wanted one that the network computes; ` +
      `export the model with a linear layer, pooling or maps at its end`,
  );
}
