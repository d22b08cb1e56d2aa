/**
 * What a TensorFlow Lite file holds, as plain objects.
 *
 * @module
 */

/** `TensorType`. */
export const TENSOR_TYPES = {
  float32: 0,
  float16: 1,
  int32: 2,
  uint8: 3,
  int64: 4,
  bool: 6,
  int16: 7,
  int8: 9,
  float64: 10,
} as const;

/** `ActivationFunctionType`: what is fused to an operation. */
export const FUSED_ACTIVATIONS = ["linear", "relu", "relu_n1_to_1", "relu6", "tanh"] as const;

/** `Padding`. */
export const PADDINGS = ["same", "valid"] as const;

/** `BuiltinOperator`: the operations that are read or written, and others that messages name. */
export const OPERATOR_CODES = {
  ADD: 0,
  AVERAGE_POOL_2D: 1,
  CONCATENATION: 2,
  CONV_2D: 3,
  DEPTHWISE_CONV_2D: 4,
  DEPTH_TO_SPACE: 5,
  DEQUANTIZE: 6,
  FLOOR: 8,
  FULLY_CONNECTED: 9,
  L2_NORMALIZATION: 11,
  L2_POOL_2D: 12,
  LOCAL_RESPONSE_NORMALIZATION: 13,
  LOGISTIC: 14,
  LSTM: 16,
  MAX_POOL_2D: 17,
  MUL: 18,
  RELU: 19,
  RELU_N1_TO_1: 20,
  RELU6: 21,
  RESHAPE: 22,
  RESIZE_BILINEAR: 23,
  SOFTMAX: 25,
  SPACE_TO_DEPTH: 26,
  TANH: 28,
  CUSTOM: 32,
  PAD: 34,
  GATHER: 36,
  BATCH_TO_SPACE_ND: 37,
  SPACE_TO_BATCH_ND: 38,
  TRANSPOSE: 39,
  MEAN: 40,
  SUB: 41,
  DIV: 42,
  SQUEEZE: 43,
  UNIDIRECTIONAL_SEQUENCE_LSTM: 44,
  STRIDED_SLICE: 45,
  EXP: 47,
  TOPK_V2: 48,
  SPLIT: 49,
  LOG_SOFTMAX: 50,
  CAST: 53,
  PRELU: 54,
  MAXIMUM: 55,
  ARG_MAX: 56,
  MINIMUM: 57,
  LESS: 58,
  NEG: 59,
  PADV2: 60,
  GREATER: 61,
  GREATER_EQUAL: 62,
  LESS_EQUAL: 63,
  SELECT: 64,
  SLICE: 65,
  SIN: 66,
  TRANSPOSE_CONV: 67,
  SPARSE_TO_DENSE: 68,
  TILE: 69,
  EXPAND_DIMS: 70,
  EQUAL: 71,
  NOT_EQUAL: 72,
  LOG: 73,
  SUM: 74,
  SQRT: 75,
  RSQRT: 76,
  SHAPE: 77,
  POW: 78,
  ARG_MIN: 79,
  REDUCE_PROD: 81,
  REDUCE_MAX: 82,
  PACK: 83,
  LOGICAL_OR: 84,
  ONE_HOT: 85,
  LOGICAL_AND: 86,
  LOGICAL_NOT: 87,
  UNPACK: 88,
  REDUCE_MIN: 89,
  FLOOR_DIV: 90,
  REDUCE_ANY: 91,
  SQUARE: 92,
  ZEROS_LIKE: 93,
  FILL: 94,
  FLOOR_MOD: 95,
  RANGE: 96,
  RESIZE_NEAREST_NEIGHBOR: 97,
  LEAKY_RELU: 98,
  SQUARED_DIFFERENCE: 99,
  MIRROR_PAD: 100,
  ABS: 101,
  SPLIT_V: 102,
  UNIQUE: 103,
  CEIL: 104,
  REVERSE_V2: 105,
  ADD_N: 106,
  GATHER_ND: 107,
  COS: 108,
  WHERE: 109,
  RANK: 110,
  ELU: 111,
  QUANTIZE: 114,
  ROUND: 116,
  HARD_SWISH: 117,
  IF: 118,
  WHILE: 119,
  NON_MAX_SUPPRESSION_V4: 120,
  NON_MAX_SUPPRESSION_V5: 121,
  SCATTER_ND: 122,
  SELECT_V2: 123,
  DENSIFY: 124,
  BATCH_MATMUL: 126,
  CUMSUM: 128,
  CALL_ONCE: 129,
  BROADCAST_TO: 130,
  CONV_3D: 132,
  REDUCE_ALL: 140,
  CONV_3D_TRANSPOSE: 141,
  GELU: 150,
} as const;

/** Name of an operation. */
export type OperatorName = keyof typeof OPERATOR_CODES;

/** Name under which metadata for other programs stands. */
export const METADATA_NAME = "TFLITE_METADATA";

/** Codes from which on they no longer fit the byte that older readers know. */
export const LAST_BYTE_CODE = 127;

/** How integers stand for numbers: scale · (value − zero point), one of each or one for every entry of an axis. */
export interface TfliteQuantization {
  readonly scale?: readonly number[];
  readonly zeroPoint?: readonly number[];
  readonly detailsType?: number;
  readonly axis?: number;
}

/** A tensor of the graph. */
export interface TfliteTensor {
  readonly name?: string;
  readonly shape?: readonly number[];
  /** The shape with −1 where it is open; left out when it is the shape. */
  readonly signature?: readonly number[];
  readonly type?: number;
  /** Where its numbers are, when it is constant; 0 otherwise. */
  readonly buffer?: number;
  readonly quantization?: TfliteQuantization;
  readonly sparsity?: unknown;
  readonly isVariable?: boolean;
  readonly hasRank?: boolean;
}

/** Options of an operation. */
export type TfliteOptions = Readonly<Record<string, number | boolean | readonly number[]>>;

/** A node of the graph. */
export interface TfliteOperator {
  /** Place of its operation among the operator codes. */
  readonly code?: number;
  /** Tensors it reads; −1 where one is left out. */
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
  readonly optionsType?: number;
  readonly options?: TfliteOptions;
  /** Options of an operation that is not built in. */
  readonly customOptions?: Uint8Array;
  /** Tensors that only the operation itself uses. */
  readonly intermediates?: readonly number[];
  /** Offset of such options where they are behind the tables. */
  readonly farOffset?: number;
  /** Number of the options' table among the newer ones. */
  readonly furtherType?: number;
}

/** An operation that the graph uses. */
export interface TfliteOperatorCode {
  readonly deprecatedCode?: number;
  readonly customCode?: string;
  readonly version?: number;
  readonly code?: number;
}

/** A graph. */
export interface TfliteSubgraph {
  readonly tensors?: readonly TfliteTensor[];
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
  readonly operators?: readonly TfliteOperator[];
  readonly name?: string;
}

/** Bytes, in the file or, in files of more than 2 GB, behind its tables. */
export interface TfliteBuffer {
  readonly data?: Uint8Array;
  readonly offset?: number;
  readonly size?: number;
}

/** A tensor under the name that a caller knows it by. */
export interface TfliteTensorMap {
  readonly name?: string;
  readonly tensor?: number;
}

/** What goes in and out, by name. */
export interface TfliteSignature {
  readonly inputs?: readonly TfliteTensorMap[];
  readonly outputs?: readonly TfliteTensorMap[];
  readonly key?: string;
  readonly subgraph?: number;
}

/** A file. */
export interface TfliteModel {
  readonly version?: number;
  readonly operatorCodes?: readonly TfliteOperatorCode[];
  readonly subgraphs?: readonly TfliteSubgraph[];
  readonly description?: string;
  readonly buffers?: readonly TfliteBuffer[];
  readonly metadata?: readonly { readonly name?: string; readonly buffer?: number }[];
  readonly signatures?: readonly TfliteSignature[];
}
