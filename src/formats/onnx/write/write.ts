import project from "../../../../deno.json" with { type: "json" };
import {
  frameIn,
  type ModelFile,
  OPERATION_CLASS,
  requireFiniteWeights,
} from "../../../model/mod.ts";
import type { OnnxModel } from "../messages.ts";
import { decodeOnnx } from "../read/decode.ts";
import { addFrame } from "./add_frame.ts";
import { readChannelsFirst } from "../channels_first.ts";
import { encodeOnnx } from "./encode.ts";
import {
  type ExpandedModel,
  expandLayers,
  findWriter,
  inputShapeOf,
  type LayerCall,
  writeCalls,
  writeMetadata,
} from "../../export/mod.ts";
import { GraphWriter, type WrittenTensor } from "./graph_writer.ts";
import { activationLayers } from "./layers/activations.ts";
import { weightedLayers } from "./layers/convolution.ts";
import { joiningLayers } from "./layers/joining.ts";
import type { LayerWriter } from "./layers/options.ts";
import { writeOperation } from "./layers/operation.ts";
import { poolingLayers } from "./layers/pooling.ts";

/** Versions of the format and of its operations. */
const IR_VERSION = 8, OPSET = 17;

const LAYER_WRITERS: Readonly<Record<string, LayerWriter>> = {
  ...activationLayers,
  ...joiningLayers,
  ...poolingLayers,
  ...weightedLayers,
  [OPERATION_CLASS]: writeOperation,
};

/**
 * Writes a network as ONNX (opset 17). Images are N × C × H × W, as is usual there, and so are all maps inside; nothing is
 * transposed but what a Reshape moves between channels and positions. Nodes have the names of their layers.
 *
 * What came from an ONNX file with a tail, or with integers for images, has the inputs and outputs that it had, in the version
 * of the operations that the tail is in. Preprocessing and classes go into `metadata_props`. What only training needs is left out.
 *
 * @param file The model.
 * @param kernels What kernels are stored as. Default: float32.
 * @returns The file.
 * @throws {InputError} When a weight is no finite number, or a layer has no counterpart in ONNX; the message names it.
 */
export function writeOnnx(
  file: ModelFile,
  kernels: "float32" | "float16" = "float32",
): Uint8Array {
  requireFiniteWeights(file, `writing ${file.path}`);
  const model = expandLayers(file, "ONNX");
  const { calls, inputs, outputs } = model;
  const frame = frameIn(file, "onnx");
  const firsts = frame ? new Set<LayerCall>() : listFirst(model, file);
  const graph = new GraphWriter(file.path, new Set(calls.map(({ name }) => name)));
  const tensorOf = writeCalls<WrittenTensor>(
    model,
    (call, read) =>
      call.className === "InputLayer"
        ? addInput(graph, call, firsts.has(call))
        : findWriter(graph, call, LAYER_WRITERS)(graph, call, read),
  );
  const forUser = (call: LayerCall) => {
    const tensor = tensorOf(call);
    return firsts.has(call) && tensor.shape.length === 2 ? graph.asChannelsFirst(tensor) : tensor;
  };
  const results = nameOutputs(graph, outputs.map(forUser), inputs);
  const name = String(file.topology.config.name ?? "model");
  const written: OnnxModel = {
    irVersion: IR_VERSION,
    producer: `secateur ${project.version}`,
    opset: OPSET,
    graph: graph.finish(name, inputs.map(forUser), results, kernels),
    metadata: writeMetadata(file.metadata),
  };
  if (frame === undefined) return encodeOnnx(written);
  const content = frame.tail?.content;
  const tail = content?.kind === "file" ? decodeOnnx(content.bytes, file.path) : undefined;
  return encodeOnnx(addFrame(written, frame, tail));
}

function addInput(graph: GraphWriter, call: LayerCall, isFirst: boolean): WrittenTensor {
  const shape = inputShapeOf(graph, call, (axes) => axes >= 1 && axes <= 3);
  if (!isFirst || shape.length !== 2) return { name: call.name, shape };
  return graph.addSeries(graph.partName(call.name, "channels_last"), call.name, shape);
}

/** The inputs and outputs that are series with their channels first. */
function listFirst({ inputs, outputs }: ExpandedModel, { metadata }: ModelFile): Set<LayerCall> {
  const noted = readChannelsFirst(metadata);
  return new Set([
    ...inputs.filter((_, place) => noted.inputs.includes(place)),
    ...outputs.filter((_, place) => noted.outputs.includes(place)),
  ]);
}

/** Outputs in the order of the layers, each under a name of its own. */
function nameOutputs(
  graph: GraphWriter,
  outputs: readonly WrittenTensor[],
  inputs: readonly LayerCall[],
): WrittenTensor[] {
  const taken = new Set(inputs.map(({ name }) => name));
  return outputs.map((output) => {
    const plain = graph.inLayerOrder(output);
    const isNew = !taken.has(plain.name);
    const copy = graph.partName(plain.name, `output${taken.size}`);
    const name = isNew ? plain.name : graph.add(copy, "Identity", [plain.name]);
    taken.add(name);
    return { name, shape: plain.shape };
  });
}
