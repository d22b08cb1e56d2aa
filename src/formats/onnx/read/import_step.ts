import { InputError, ownValue } from "../../../base/mod.ts";
import {
  OPERATION_CLASS,
  type OperationConfig,
  type OperationConstant,
  type WeightType,
} from "../../../model/mod.ts";
import { type Constant, holdsIntegers, transposeConstant } from "../../import/mod.ts";
import { DATA_TYPES } from "../messages.ts";
import { axesInLayers, type Feature } from "../values.ts";
import type { NodeCall } from "./node_call.ts";

/** Operations that work on single values, as TensorFlow calls them, and the element type they make where that is another. */
const OPERATORS: Readonly<Record<string, readonly [operator: string, type?: WeightType]>> = {
  Acos: ["Acos"],
  Acosh: ["Acosh"],
  Add: ["AddV2"],
  And: ["LogicalAnd", "bool"],
  Asin: ["Asin"],
  Asinh: ["Asinh"],
  Atan: ["Atan"],
  Atanh: ["Atanh"],
  Cast: ["Cast"],
  Ceil: ["Ceil"],
  Cos: ["Cos"],
  Cosh: ["Cosh"],
  Div: ["RealDiv"],
  Equal: ["Equal", "bool"],
  Erf: ["Erf"],
  Exp: ["Exp"],
  Floor: ["Floor"],
  Greater: ["Greater", "bool"],
  GreaterOrEqual: ["GreaterEqual", "bool"],
  Less: ["Less", "bool"],
  LessOrEqual: ["LessEqual", "bool"],
  Log: ["Log"],
  Max: ["Maximum"],
  Min: ["Minimum"],
  Mul: ["Mul"],
  Not: ["LogicalNot", "bool"],
  Or: ["LogicalOr", "bool"],
  Pow: ["Pow"],
  Reciprocal: ["Reciprocal"],
  Round: ["Round"],
  Sign: ["Sign"],
  Sin: ["Sin"],
  Sinh: ["Sinh"],
  Sqrt: ["Sqrt"],
  Sub: ["Sub"],
  Tan: ["Tan"],
  Where: ["SelectV2"],
};

/** Operations that are steps of their own where no layer does them. */
export const stepOperators: readonly string[] = Object.keys(OPERATORS);

/** Element types that a Cast may make. */
const CASTS: ReadonlyMap<number, WeightType> = new Map([
  [DATA_TYPES.float, "float32"],
  [DATA_TYPES.float16, "float32"],
  [DATA_TYPES.int32, "int32"],
  [DATA_TYPES.int64, "int32"],
  [DATA_TYPES.bool, "bool"],
]);

const TYPE_NAMES = { float32: "DT_FLOAT", int32: "DT_INT32", bool: "DT_BOOL" } as const;

/** Before it the operands of a node could be spread over one another from any axis on. */
const FIRST_OPSET = 7;

/** Numbers that constants of a step may have, which stand in its options. */
const MOST_NUMBERS = 2 ** 18;

/**
 * Keeps a node that works on single values as a step of its own, run by TensorFlow.js.
 *
 * @param call The node.
 * @returns What it makes; undefined where the operation is no such one, or its tensors do not lie alike.
 * @throws {InputError} When a constant does not fit.
 */
export function importStep(call: NodeCall): Feature | undefined {
  const [operator, made] = ownValue(OPERATORS, call.operator) ?? [];
  const given = call.inputs.filter((input) => input?.kind === "feature");
  const type = call.operator === "Cast" ? CASTS.get(call.number("to", 0)) : made;
  const divisor = call.operator === "Div" ? call.inputs[1] : undefined;
  const isByZero = divisor?.kind === "constant" && divisor.values.includes(0);
  const isWholeQuotient = operator === "RealDiv" && given.some((tensor) => tensor.type);
  const isUsable = operator !== undefined && given.length > 0 && areAlike(given) &&
    call.context.opset >= FIRST_OPSET && !isWholeQuotient && !isByZero &&
    call.inputs.every((input) => input && input.shape.length <= given[0].shape.length + 1) &&
    call.inputs.length <= (call.operator === "Where" ? 3 : 2) &&
    (call.operator !== "Cast" || type !== undefined);
  if (!isUsable) return undefined;
  const tensors = new Map(given.map((tensor) => [tensor.layer, call.unflatten(tensor)]));
  const places = [...tensors.keys()];
  const [first] = tensors.values();
  const inputs = call.inputs.filter((input) => input !== undefined);
  const operands = inputs.map((input) =>
    input.kind === "feature" ? places.indexOf(input.layer) : toOperand(call, input, first)
  );
  const shape = inputs.reduce<Feature["shape"]>((joined, { kind, shape: extents }) => {
    const aligned = kind === "feature"
      ? extents
      : alignShape(extents as readonly number[], joined.length);
    return call.joinShapes(joined, aligned);
  }, first.shape);
  const order = axesInLayers(shape.length, first.isLast);
  const result = type ?? typeOf(inputs[call.operator === "Where" ? 1 : 0]);
  const attributes = call.operator === "Cast" ? { DstT: { type: TYPE_NAMES[result] } } : {};
  const config: OperationConfig = {
    ...{ operator, attributes, operands, output: 0, reach: "value", type: result },
    shape: order.map((axis) => shape[axis - 1]),
    trainable: false,
  };
  const layer = call.addLayer(OPERATION_CLASS, [...tensors.values()], config);
  return {
    ...call.result(layer, first, { shape, nonNegative: false }),
    type: result === "float32" ? undefined : result,
  };
}

/** Whether tensors have as many axes, their channels at the same, and values in the order of ONNX. */
function areAlike(tensors: readonly Feature[]): boolean {
  const [{ shape: { length: rank }, isLast = false }] = tensors;
  return rank <= 3 &&
    tensors.every((tensor) =>
      tensor.pieces === undefined && tensor.shape.length === rank &&
      (rank === 1 || (tensor.isLast ?? false) === isLast)
    );
}

function typeOf(value: Constant | Feature): WeightType {
  if (value.kind === "feature") return value.type ?? "float32";
  return holdsIntegers(value) ? "int32" : "float32";
}

/** Extents behind the batch. */
function alignShape(shape: readonly number[], rank: number): number[] {
  return [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape].slice(-rank);
}

/** A constant in the order of the layers, as the options of a step have it. */
function toOperand(call: NodeCall, constant: Constant, like: Feature): OperationConstant {
  const rank = like.shape.length;
  const { shape, values } = constant;
  const isOfBatch = shape.length > rank && shape[0] !== 1;
  if (isOfBatch || values.length > MOST_NUMBERS || values.some(Number.isNaN)) {
    throw call.refusal(`has a constant of shape [${shape.join(", ")}], wanted one for all images`);
  }
  call.context.layers.spend(values.length, call.name);
  const whole = { ...constant, shape: alignShape(shape, rank) };
  const order = axesInLayers(rank, like.isLast).map((axis) => axis - 1);
  const turned = values.length === 1 ? constant : transposeConstant(whole, order);
  return {
    type: typeOf(constant),
    shape: values.length === 1 ? [] : [...turned.shape],
    values: Array.from(turned.values, (value) => Number.isFinite(value) ? value : String(value)),
  };
}

/**
 * What an operator makes of a node, or else the step that it becomes.
 *
 * @param call The node.
 * @param operator Makes layers of it, if anything does.
 * @returns What it makes; undefined where nothing reads it.
 * @throws {InputError} When the operator refuses it and it cannot be a step either.
 */
export function importOrKeep<Made>(
  call: NodeCall,
  operator: ((call: NodeCall) => Made) | undefined,
): Made | Feature | undefined {
  if (operator === undefined) return importStep(call);
  try {
    return operator(call);
  } catch (error) {
    const step = error instanceof InputError ? importStep(call) : undefined;
    if (step === undefined) throw error;
    return step;
  }
}
