import { PbfWriter } from "pbf";
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
} from "../messages.ts";

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 };

/**
 * Puts an ONNX file together, the inverse of `decodeOnnx()`.
 *
 * Numbers of attributes are written as integers where they are whole; what must be a float nevertheless is named in
 * {@link FLOAT_ATTRIBUTES}.
 *
 * @param model What is to be in it.
 * @returns The file.
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const writer = new PbfWriter(new Uint8Array(countBytes(model.graph)));
  writer.writeVarintField(1, model.irVersion);
  writer.writeStringField(2, model.producer);
  writer.writeMessage(7, writeGraph, model.graph);
  for (const entry of [["", model.opset] as const, ...model.imports ?? []]) {
    writer.writeMessage(8, writeImport, entry);
  }
  for (const entry of model.metadata) writer.writeMessage(14, writeEntry, entry);
  for (const bytes of model.functions ?? []) writer.writeBytesField(25, bytes);
  return writer.finish();
}

/** Room for the weights and about as much as the rest takes, so that the writer need not move them. */
function countBytes({ initializers, nodes }: OnnxGraph): number {
  const weights = initializers.reduce((sum, { raw, bytes = raw }) => sum + (bytes?.length ?? 0), 0);
  return weights + 1024 * (initializers.length + nodes.length + 1);
}

function writeImport([domain, version]: readonly [string, number], pbf: PbfWriter): void {
  pbf.writeStringField(1, domain);
  pbf.writeVarintField(2, version);
}

function writeEntry([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeGraph(graph: OnnxGraph, pbf: PbfWriter): void {
  writeAll(pbf, 1, graph.nodes, writeNode);
  pbf.writeStringField(2, graph.name);
  writeAll(pbf, 5, graph.initializers, writeTensor);
  writeAll(pbf, 11, graph.inputs, writeValueInfo);
  writeAll(pbf, 12, graph.outputs, writeValueInfo);
  writeAll(pbf, 13, graph.valueInfos ?? [], writeValueInfo);
}

/** Messages of a list, those of a file as they stand there. */
function writeAll<Message extends { bytes?: Uint8Array }>(
  pbf: PbfWriter,
  field: number,
  messages: readonly Message[],
  write: (message: Message, pbf: PbfWriter) => void,
): void {
  for (const message of messages) {
    if (message.bytes) pbf.writeBytesField(field, message.bytes);
    else pbf.writeMessage(field, write, message);
  }
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.operator);
  for (const attribute of node.attributes) pbf.writeMessage(5, writeAttribute, attribute);
  if (node.domain !== "") pbf.writeStringField(7, node.domain);
}

/** Attributes that are floats even where their value is whole. */
const FLOAT_ATTRIBUTES = new Set(["alpha", "beta", "epsilon", "gamma", "momentum", "ratio"]);

function writeAttribute([name, value]: [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  let type: number;
  if (typeof value === "number" && (FLOAT_ATTRIBUTES.has(name) || !Number.isInteger(value))) {
    pbf.writeFloatField(2, value);
    type = ATTRIBUTE_TYPES.float;
  } else if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    type = ATTRIBUTE_TYPES.int;
  } else if (typeof value === "string") {
    pbf.writeStringField(4, value);
    type = ATTRIBUTE_TYPES.string;
  } else if (isTensor(value)) {
    pbf.writeMessage(5, writeTensor, value);
    type = ATTRIBUTE_TYPES.tensor;
  } else if (isList(value)) {
    for (const item of value) pbf.writeVarintField(8, item);
    type = ATTRIBUTE_TYPES.ints;
  } else {
    throw new TypeError(`writing ONNX: attribute ${name} has ${value.opaque}, wanted a value`);
  }
  pbf.writeVarintField(20, type);
}

function isList(value: OnnxAttribute): value is readonly number[] {
  return Array.isArray(value);
}

/** Whether an attribute is a tensor. */
export function isTensor(value: OnnxAttribute | undefined): value is OnnxTensor {
  return typeof value === "object" && "dataType" in value;
}

function writeTensor(tensor: OnnxTensor, pbf: PbfWriter): void {
  for (const extent of tensor.shape) pbf.writeVarintField(1, extent);
  pbf.writeVarintField(2, tensor.dataType);
  if (tensor.name !== "") pbf.writeStringField(8, tensor.name);
  for (const entry of tensor.external ?? []) pbf.writeMessage(13, writeEntry, entry);
  if (tensor.external) pbf.writeVarintField(14, 1);
  if (tensor.raw) pbf.writeBytesField(9, tensor.raw);
}

function writeValueInfo({ name, dataType, shape }: OnnxValueInfo, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_, type) => {
    type.writeMessage(1, (_, tensor) => {
      tensor.writeVarintField(1, dataType);
      if (shape) tensor.writeMessage(2, writeShape, shape);
    }, null);
  }, null);
}

function writeShape(shape: (number | string | null)[], pbf: PbfWriter): void {
  for (const extent of shape) {
    pbf.writeMessage(1, (_, dimension) => {
      if (typeof extent === "number") dimension.writeVarintField(1, extent);
      else if (extent !== null) dimension.writeStringField(2, extent);
    }, null);
  }
}
