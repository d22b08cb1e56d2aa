/**
 * The messages of an ONNX file, as far as they are read and written here. Field numbers and meanings are those of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 *
 * @module
 */

/** Element types of tensors (`TensorProto.DataType`) by name. */
export const DATA_TYPES = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
} as const;

/** Further element types, of constants and inputs that nothing here computes with. */
export const FOREIGN_TYPES = {
  uint16: 4,
  int16: 5,
  string: 8,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** What a message of a file was read from; it is written as it is where it is written again. */
interface Stored {
  bytes?: Uint8Array;
}

/** A tensor of constants (`TensorProto`). */
export interface OnnxTensor extends Stored {
  /** Name, by which nodes read it. */
  name: string;
  /** Extent of every axis. */
  shape: number[];
  /** One of {@link DATA_TYPES}, when it is known here. */
  dataType: number;
  /** Little-endian elements, when they are stored so. */
  raw?: Uint8Array;
  /** Elements in one of the typed fields. */
  typed: number[];
  /** Where the elements are when they are not in the file: `location`, `offset`, `length`. */
  external?: Map<string, string>;
}

/** The value of an attribute: a number, a text, a tensor, or a list. */
export type OnnxAttribute = number | string | OnnxTensor | readonly number[] | { opaque: string };

/** What the graphs among the attributes of a node have to do with what is around them. */
export interface OnnxSubgraphs {
  /** Tensors that they read and do not make. */
  reads: string[];
  /** Tensors that they make, and their own inputs and constants. */
  makes: string[];
  /** Their operations. */
  operators: string[];
}

/** One operation (`NodeProto`). */
export interface OnnxNode extends Stored {
  /** Name; may be empty. */
  name: string;
  /** Operation, such as `Conv`. */
  operator: string;
  /** Empty for the operations of ONNX itself. */
  domain: string;
  /** Tensors it reads; an empty name stands for one that is left out. */
  inputs: string[];
  /** Tensors it makes. */
  outputs: string[];
  /** Attributes by name. */
  attributes: Map<string, OnnxAttribute>;
  /** The graphs among them, as of a branch or a loop. */
  subgraphs?: OnnxSubgraphs;
}

/** Name and type of an input or output (`ValueInfoProto`). */
export interface OnnxValueInfo extends Stored {
  /** Name of the tensor. */
  name: string;
  /** One of {@link DATA_TYPES}; 0 where the file does not say. */
  dataType: number;
  /** Extents, a name or null where they are open; undefined where the file does not say. */
  shape?: (number | string | null)[];
}

/** A graph of operations (`GraphProto`). */
export interface OnnxGraph {
  /** Name. */
  name: string;
  /** Operations. */
  nodes: OnnxNode[];
  /** Constants. */
  initializers: OnnxTensor[];
  /** Inputs; older files list the initializers too. */
  inputs: OnnxValueInfo[];
  /** Outputs. */
  outputs: OnnxValueInfo[];
  /** What the file says of other tensors. */
  valueInfos?: OnnxValueInfo[];
}

/** A whole file (`ModelProto`). */
export interface OnnxModel {
  /** Version of the format. */
  irVersion: number;
  /** Program that wrote it. */
  producer: string;
  /** Version of the operations of ONNX itself; 0 where the file does not say. */
  opset: number;
  /** Versions of the operations of other domains, by domain. */
  imports?: Map<string, number>;
  /** The graph. */
  graph: OnnxGraph;
  /** Functions that nodes call (`FunctionProto`), as the file has them. */
  functions?: Uint8Array[];
  /** Further properties by name. */
  metadata: Map<string, string>;
}
