/**
 * The tables of TensorFlow Lite's format, as far as they are read and written
 * (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs): the fields of a
 * table in the order of their slots.
 *
 * @module
 */
import { type Field, field, type Schema } from "./field.ts";

const SKIPPED = undefined;

const FUSED = field("activation", "byte");

const WINDOWS = [
  field("padding", "byte"),
  field("strideWidth", "int"),
  field("strideHeight", "int"),
];

const DILATIONS = [field("dilationWidth", "int", 1), field("dilationHeight", "int", 1)];

/** Fields of the tables by slot. A union takes two slots: that of its type and its own. */
export const TABLES = {
  Model: [
    field("version", "uint"),
    field("operatorCodes", { tables: "OperatorCode" }),
    field("subgraphs", { tables: "SubGraph" }),
    field("description", "string"),
    field("buffers", { tables: "Buffer" }),
    SKIPPED,
    field("metadata", { tables: "Metadata" }),
    field("signatures", { tables: "SignatureDef" }),
  ],
  OperatorCode: [
    field("deprecatedCode", "byte"),
    field("customCode", "string"),
    field("version", "int", 1),
    field("code", "int"),
  ],
  SubGraph: [
    field("tensors", { tables: "Tensor" }),
    field("inputs", "[int]"),
    field("outputs", "[int]"),
    field("operators", { tables: "Operator" }),
    field("name", "string"),
  ],
  Tensor: [
    field("shape", "[int]"),
    field("type", "byte"),
    field("buffer", "uint"),
    field("name", "string"),
    field("quantization", { table: "Quantization" }),
    field("isVariable", "bool"),
    field("sparsity", { table: "Sparsity" }),
    field("signature", "[int]"),
    field("hasRank", "bool"),
  ],
  Quantization: [
    SKIPPED,
    SKIPPED,
    field("scale", "[float]"),
    field("zeroPoint", "[long]"),
    field("detailsType", "byte"),
    SKIPPED,
    field("axis", "int"),
  ],
  Sparsity: [field("order", "[int]")],
  Operator: [
    field("code", "uint"),
    field("inputs", "[int]"),
    field("outputs", "[int]"),
    field("optionsType", "byte"),
    field("options", { union: "options", by: "optionsType" }),
    field("customOptions", "[byte]"),
  ],
  Buffer: [field("data", "[byte]"), field("offset", "ulong"), field("size", "ulong")],
  Metadata: [field("name", "string"), field("buffer", "uint")],
  SignatureDef: [
    field("inputs", { tables: "TensorMap" }),
    field("outputs", { tables: "TensorMap" }),
    field("key", "string"),
    SKIPPED,
    field("subgraph", "uint"),
  ],
  TensorMap: [field("name", "string"), field("tensor", "uint")],
  Conv2DOptions: [...WINDOWS, FUSED, ...DILATIONS],
  DepthwiseConv2DOptions: [...WINDOWS, field("multiplier", "int"), FUSED, ...DILATIONS],
  Pool2DOptions: [...WINDOWS, field("width", "int"), field("height", "int"), FUSED],
  TransposeConvOptions: [...WINDOWS, FUSED],
  FullyConnectedOptions: [FUSED, field("weightsFormat", "byte"), field("keepsAxes", "bool")],
  SoftmaxOptions: [field("beta", "float")],
  ConcatenationOptions: [field("axis", "int"), FUSED],
  AddOptions: [FUSED],
  MulOptions: [FUSED],
  SubOptions: [FUSED],
  DivOptions: [FUSED],
  ResizeBilinearOptions: [
    SKIPPED,
    SKIPPED,
    field("alignsCorners", "bool"),
    field("isCentered", "bool"),
  ],
  ResizeNearestNeighborOptions: [field("alignsCorners", "bool"), field("isCentered", "bool")],
  ReshapeOptions: [field("shape", "[int]")],
  ReducerOptions: [field("keepsAxes", "bool")],
  SqueezeOptions: [field("axes", "[int]")],
  StridedSliceOptions: [
    field("beginMask", "int"),
    field("endMask", "int"),
    field("ellipsisMask", "int"),
    field("newAxisMask", "int"),
    field("shrinkAxisMask", "int"),
    field("isOffset", "bool"),
  ],
  SplitOptions: [field("count", "int")],
  SplitVOptions: [field("count", "int")],
  GatherOptions: [field("axis", "int"), field("batchAxes", "int")],
  PackOptions: [field("count", "int"), field("axis", "int")],
  CastOptions: [field("from", "byte"), field("to", "byte")],
  LeakyReluOptions: [field("alpha", "float")],
  ArgMaxOptions: [field("outputType", "byte")],
  ArgMinOptions: [field("outputType", "byte")],
  UnpackOptions: [field("count", "int"), field("axis", "int")],
  MirrorPadOptions: [field("mode", "byte")],
  DepthToSpaceOptions: [field("block", "int")],
  BatchMatMulOptions: [field("adjX", "bool"), field("adjY", "bool")],
  GeluOptions: [field("isApproximate", "bool")],
} as const satisfies Record<string, readonly (Field | undefined)[]>;

/** Name of a table of an operation's options. */
export type OptionsName = `${string}Options`;

/** Numbers of the tables in the union `BuiltinOptions`. */
export const OPTIONS_TYPES: ReadonlyMap<OptionsName, number> = new Map([
  ["Conv2DOptions", 1],
  ["DepthwiseConv2DOptions", 2],
  ["Pool2DOptions", 5],
  ["FullyConnectedOptions", 8],
  ["SoftmaxOptions", 9],
  ["ConcatenationOptions", 10],
  ["AddOptions", 11],
  ["ResizeBilinearOptions", 15],
  ["ReshapeOptions", 17],
  ["MulOptions", 21],
  ["GatherOptions", 23],
  ["ReducerOptions", 27],
  ["SubOptions", 28],
  ["DivOptions", 29],
  ["SqueezeOptions", 30],
  ["StridedSliceOptions", 32],
  ["SplitOptions", 35],
  ["CastOptions", 37],
  ["ArgMaxOptions", 40],
  ["TransposeConvOptions", 49],
  ["ArgMinOptions", 57],
  ["PackOptions", 59],
  ["UnpackOptions", 64],
  ["ResizeNearestNeighborOptions", 74],
  ["LeakyReluOptions", 75],
  ["MirrorPadOptions", 77],
  ["SplitVOptions", 79],
  ["DepthToSpaceOptions", 94],
  ["BatchMatMulOptions", 101],
  ["GeluOptions", 116],
]);

/** The schema of files. */
export const TFLITE_SCHEMA: Schema = { tables: TABLES, unions: { options: OPTIONS_TYPES } };
