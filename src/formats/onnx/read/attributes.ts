import { ownValue } from "../../../base/mod.ts";
import type { OnnxAttribute } from "../messages.ts";
import type { NodeCall } from "./node_call.ts";

/**
 * What an attribute may be: anything, as the operator reads it or as it changes nothing here; anything before an opset that
 * took it away; its default alone.
 */
type AttributeRule =
  | { readonly kind: "read" }
  | { readonly kind: "readBefore"; readonly opset: number }
  | { readonly kind: "only"; readonly value: number | string };

const READ: AttributeRule = { kind: "read" };

function readBefore(opset: number): AttributeRule {
  return { kind: "readBefore", opset };
}

function only(value: number | string): AttributeRule {
  return { kind: "only", value };
}

const WINDOWS = {
  auto_pad: READ,
  dilations: READ,
  kernel_shape: READ,
  pads: READ,
  strides: READ,
} as const;

/** Before opset 7 the second operand was spread over the first where the node said so, from an axis on. */
const ARITHMETIC = { axis: readBefore(7), broadcast: readBefore(7) } as const;

/** `saturate` and `round_mode` are about types of 8 bits, which are refused. */
const CAST = { saturate: READ, round_mode: READ } as const;

const REDUCTION = { axes: readBefore(18), keepdims: READ, noop_with_empty_axes: READ } as const;

/** `storage_order` is about the second output, which nothing may read. */
const MAX_POOL = { ...WINDOWS, ceil_mode: READ, storage_order: READ } as const;

/** `extrapolation_value` is about crops, `cubic_coeff_a` and `exclude_outside` about cubic interpolation. */
const RESIZE = {
  antialias: only(0),
  axes: READ,
  coordinate_transformation_mode: READ,
  cubic_coeff_a: READ,
  exclude_outside: READ,
  extrapolation_value: READ,
  keep_aspect_ratio_policy: only("stretch"),
  mode: READ,
  nearest_mode: READ,
} as const;

/**
 * The attributes of every operator that becomes layers or is computed ahead, by name. `seed` of Dropout is about training,
 * in which it is refused.
 */
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, AttributeRule>>>> = {
  Abs: {},
  Acos: {},
  Acosh: {},
  Add: ARITHMETIC,
  And: {},
  Asin: {},
  Asinh: {},
  Atan: {},
  Atanh: {},
  ArgMax: { axis: READ, keepdims: READ, select_last_index: READ },
  ArgMin: { axis: READ, keepdims: READ, select_last_index: READ },
  AveragePool: { ...WINDOWS, ceil_mode: READ, count_include_pad: READ },
  BatchNormalization: {
    epsilon: READ,
    is_test: readBefore(7),
    momentum: READ,
    spatial: only(1),
    training_mode: READ,
  },
  Cast: { to: READ, ...CAST },
  CastLike: CAST,
  Ceil: {},
  Clip: { min: readBefore(11), max: readBefore(11) },
  Concat: { axis: READ },
  Constant: {
    value: READ,
    value_float: READ,
    value_floats: READ,
    value_int: READ,
    value_ints: READ,
  },
  ConstantOfShape: { value: READ },
  Conv: { ...WINDOWS, group: READ },
  ConvTranspose: { ...WINDOWS, group: READ, output_padding: READ, output_shape: READ },
  Cos: {},
  Cosh: {},
  DepthToSpace: { blocksize: READ, mode: READ },
  DequantizeLinear: { axis: READ, block_size: only(0), output_dtype: only(0) },
  Div: ARITHMETIC,
  Dropout: { is_test: readBefore(7), ratio: readBefore(12), seed: READ },
  Elu: { alpha: READ },
  Equal: {},
  Erf: {},
  Exp: {},
  Expand: {},
  Flatten: { axis: READ },
  Floor: {},
  Gather: { axis: READ },
  Gelu: { approximate: READ },
  Gemm: { alpha: READ, broadcast: readBefore(7), beta: READ, transA: READ, transB: READ },
  GlobalAveragePool: {},
  GlobalMaxPool: {},
  Greater: {},
  GreaterOrEqual: {},
  GroupNormalization: { epsilon: READ, num_groups: READ, stash_type: READ },
  HardSigmoid: { alpha: READ, beta: READ },
  HardSwish: {},
  Identity: {},
  InstanceNormalization: { epsilon: READ },
  LayerNormalization: { axis: READ, epsilon: READ, stash_type: READ },
  LeakyRelu: { alpha: READ },
  Less: {},
  LessOrEqual: {},
  Log: {},
  LogSoftmax: { axis: READ },
  MatMul: {},
  Max: {},
  MaxPool: MAX_POOL,
  Mean: {},
  MeanVarianceNormalization: { axes: READ, epsilon: READ },
  Min: {},
  Mish: {},
  Mul: ARITHMETIC,
  Neg: {},
  Not: {},
  Or: {},
  PRelu: {},
  Pad: { mode: READ, pads: readBefore(11), value: readBefore(11) },
  Pow: {},
  Range: {},
  Reciprocal: {},
  ReduceL1: REDUCTION,
  ReduceL2: REDUCTION,
  ReduceMax: REDUCTION,
  ReduceMean: REDUCTION,
  ReduceMin: REDUCTION,
  ReduceProd: REDUCTION,
  ReduceSum: { ...REDUCTION, axes: readBefore(13) },
  ReduceSumSquare: REDUCTION,
  Relu: {},
  Reshape: { allowzero: READ },
  Resize: RESIZE,
  Round: {},
  Selu: { alpha: READ, gamma: READ },
  Shape: { start: READ, end: READ },
  Sigmoid: {},
  Sign: {},
  Sin: {},
  Sinh: {},
  Size: {},
  Slice: { axes: readBefore(10), ends: readBefore(10), starts: readBefore(10) },
  Softmax: { axis: READ },
  Softplus: {},
  Softsign: {},
  SpaceToDepth: { blocksize: READ },
  Split: { axis: READ, num_outputs: READ, split: readBefore(13) },
  Sqrt: {},
  Squeeze: { axes: readBefore(13) },
  Sub: ARITHMETIC,
  Sum: {},
  Tan: {},
  Tanh: {},
  ThresholdedRelu: { alpha: READ },
  Tile: {},
  TopK: { axis: READ, k: readBefore(10), largest: READ, sorted: READ },
  Transpose: { perm: READ },
  Unsqueeze: { axes: readBefore(13) },
  Upsample: { mode: READ, scales: readBefore(9) },
  Where: {},
};

/** Operators of which all attributes are known: those that become layers or are computed ahead. */
export const knownOperators: readonly string[] = Object.keys(ATTRIBUTES);

/**
 * Refuses a node with an attribute that would be passed over.
 *
 * @param call The node; nothing is said about one whose operator is not read.
 * @throws {InputError} When it has an attribute that is not read, or not in its opset, or that is not at its default.
 */
export function requireKnownAttributes(call: NodeCall): void {
  const known = ownValue(ATTRIBUTES, call.operator);
  if (known === undefined) return;
  const rules = new Map(Object.entries(known));
  for (const [name, value] of call.node.attributes) {
    const rule = rules.get(name);
    if (rule === undefined) {
      const wanted = rules.size === 0 ? "none" : [...rules.keys()].join(", ");
      throw call.refusal(`has attribute ${name}, of which nothing is known here, wanted ${wanted}`);
    }
    const { opset } = call.context;
    if (rule.kind === "readBefore" && opset >= rule.opset) {
      throw call.refusal(
        `has attribute ${name}, which opset ${opset} does not have since ${rule.opset}; ` +
          `export the model again`,
      );
    }
    if (rule.kind === "only" && value !== rule.value) {
      throw call.refusal(
        `has ${name} ${describe(value)}, wanted ${rule.value}; set it where the model was made`,
      );
    }
  }
}

function describe(value: OnnxAttribute): string {
  return typeof value === "object" && !Array.isArray(value) ? "of another kind" : String(value);
}
