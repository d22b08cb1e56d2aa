import type { WeightType } from "../../../model/mod.ts";
import { readType } from "../attributes.ts";
import type { Value } from "../values.ts";
import {
  depthToSpace,
  gather,
  matrixProduct,
  pack,
  pad,
  reduction,
  resize,
  sameShape,
  slice,
  split,
  type StepRule,
  tile,
  topK,
  unpack,
  valueByValue,
} from "./step_shape.ts";

const TYPES: Readonly<Record<string, WeightType>> = {
  DT_FLOAT: "float32",
  DT_HALF: "float32",
  DT_INT32: "int32",
  DT_INT64: "int32",
  DT_UINT8: "int32",
  DT_BOOL: "bool",
};

/** Element type that a Cast makes. */
const cast: StepRule = (call) => {
  const type = TYPES[call.type("DstT", "DT_FLOAT")];
  if (type === undefined) throw call.refusal(`casts to ${readType(call.node.attributes.DstT)}`);
  return valueByValue(type)(call);
};

/** Quotients and what is left of them; zeros to divide by would make no numbers. */
const division: StepRule = (call) => {
  const divisor = call.inputs[1];
  if (divisor?.kind === "constant" && divisor.values.includes(0)) {
    throw call.refusal("divides by zero, wanted other numbers");
  }
  return valueByValue()(call);
};

/** Select of tensors of one shape; a vector of conditions would choose whole images. */
const select: StepRule = (call) => {
  const shapes = call.inputs.map((input) => input?.shape.length);
  if (call.operator === "Select" && call.inputs[0]?.kind === "constant") {
    throw call.refusal(
      `chooses by a constant of ${shapes[0]} axes, wanted a tensor of the network`,
    );
  }
  return valueByValue(typeOfInput(call.inputs[1]))(call);
};

/** Element type of what a node reads. */
export function typeOfInput(input: Value | undefined): WeightType {
  if (input?.kind === "feature") return input.isInteger ? input.type ?? "int32" : "float32";
  return input?.values instanceof Float32Array ? "float32" : "int32";
}

const value = valueByValue(), comparison = valueByValue("bool"), sum = reduction();

/** Operations that can be steps of their own, and what they make. */
export const stepRules: Readonly<Record<string, StepRule>> = {
  ...Object.fromEntries([
    ...["Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "Ceil", "Cos", "Cosh"],
    ...["Elu", "Erf", "Exp", "Expm1", "Floor", "Inv", "Log", "Log1p", "Neg", "OnesLike"],
    ...["Reciprocal", "Round", "Rsqrt", "Sigmoid", "Sign", "Sin", "Sinh", "Sqrt", "Square", "Tan"],
    ...["Tanh", "ZerosLike", "Add", "AddV2", "BiasAdd", "DivNoNan"],
    ...["Maximum", "Minimum", "Mul", "Pow", "SquaredDifference", "Sub", "Prelu"],
  ].map((operator) => [operator, value])),
  ...Object.fromEntries([
    ...["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "IsFinite", "IsInf"],
    ...["IsNan", "LogicalAnd", "LogicalNot", "LogicalOr"],
  ].map((operator) => [operator, comparison])),
  ...Object.fromEntries(
    ["Div", "FloorDiv", "FloorMod", "Mod", "RealDiv"].map((operator) => [operator, division]),
  ),
  Cast: cast,
  Select: select,
  SelectV2: select,
  Max: sum,
  Mean: sum,
  Min: sum,
  Prod: sum,
  Sum: sum,
  All: reduction("bool"),
  Any: reduction("bool"),
  ArgMax: reduction("int32"),
  ArgMin: reduction("int32"),
  BatchMatMul: matrixProduct,
  BatchMatMulV2: matrixProduct,
  Cumsum: sameShape,
  DepthToSpace: depthToSpace,
  Gather: gather,
  GatherV2: gather,
  LRN: sameShape,
  MirrorPad: pad,
  Pack: pack,
  PadV2: pad,
  ResizeBilinear: resize,
  ResizeNearestNeighbor: resize,
  Slice: slice,
  Split: split,
  SplitV: split,
  StridedSlice: slice,
  Tile: tile,
  TopKV2: topK,
  Unpack: unpack,
};
