import { InputError, ownValue } from "../../../../base/mod.ts";
import {
  OPERATION_CLASS,
  type OperationConfig,
  type OperationConstant,
  type WeightType,
} from "../../../../model/mod.ts";
import {
  type Constant,
  describeConstant,
  holdsIntegers,
  transposeConstant,
} from "../../../import/mod.ts";
import { DATA_TYPES } from "../../messages.ts";
import { axesInLayers, type Feature } from "../../values.ts";
import { ANY_RANK, NodeCall } from "../node_call.ts";
import { toPlain } from "../operators/mod.ts";
import { importTensorStep } from "./tensor_rules.ts";

/** Operations that work on single values, as TensorFlow calls them, and the element type they make where that is another. */
const OPERATORS: Readonly<Record<string, readonly [operator: string, type?: WeightType]>> = {
  Abs: ["Abs"],
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
  Neg: ["Neg"],
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

/** Operations on single values that are steps of their own where no layer does them. */
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

/** Keeps a node that works on single values as a step; undefined where its operation is no such one. */
function importValueStep(call: NodeCall): Feature | undefined {
  const [operator, made] = ownValue(OPERATORS, call.operator) ?? [];
  const given = alignTensors(call);
  const type = call.operator === "Cast" ? CASTS.get(call.number("to", 0)) : made;
  const divisor = call.operator === "Div" ? call.inputs[1] : undefined;
  const isByZero = divisor?.kind === "constant" && divisor.values.includes(0);
  const isWholeQuotient = operator === "RealDiv" && given.some((tensor) => tensor.type);
  const isUsable = operator !== undefined && given.length > 0 &&
    call.context.opset >= FIRST_OPSET && !isWholeQuotient && !isByZero &&
    call.inputs.every((input) => input && input.shape.length <= given[0].shape.length + 1) &&
    call.inputs.length <= (call.operator === "Where" ? 3 : 2) &&
    (call.operator !== "Cast" || type !== undefined);
  if (!isUsable) return undefined;
  const tensors = new Map(given.map((tensor) => [tensor.layer, tensor]));
  const places = [...tensors.keys()];
  const [first] = given;
  const waiting = [...given];
  const inputs = call.inputs.filter((input) => input !== undefined)
    .map((input) => input.kind === "feature" ? waiting.shift()! : input);
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

/** The tensors that a node reads, their axes at the same places: as they lie where they lie alike, else as in ONNX. */
function alignTensors(call: NodeCall): Feature[] {
  const given = call.inputs.filter((input) => input?.kind === "feature");
  const areAlike = given.every(({ shape: { length: rank }, isLast = false, pieces }) =>
    rank <= 3 && pieces === undefined && rank === given[0].shape.length &&
    (rank === 1 || (given[0].isLast ?? false) === isLast)
  );
  return given.map((tensor) => areAlike ? call.unflatten(tensor) : toPlain(call, tensor));
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
  if (shape.length > rank && shape[0] !== 1) {
    throw call.refusal(`has a constant of shape [${shape.join(", ")}], wanted one for all images`);
  }
  if (values.length === 1) return describeConstant(call, { ...constant, shape: [] });
  const whole = { ...constant, shape: alignShape(shape, rank) };
  const order = axesInLayers(rank, like.isLast).map((axis) => axis - 1);
  return describeConstant(call, transposeConstant(whole, order));
}

/**
 * Keeps a node as a step of its own, run by TensorFlow.js.
 *
 * @param call The node.
 * @returns What it makes; undefined where its operation is none that can be a step.
 * @throws {InputError} When it cannot be one as it stands.
 */
function importStep(call: NodeCall): Feature | Feature[] | undefined {
  return importValueStep(call) ?? importTensorStep(call);
}

/**
 * What an operator makes of a node, or else the step that it becomes.
 *
 * @param given The node.
 * @param operator Makes layers of it, if anything does.
 * @returns What it makes; undefined where nothing reads it.
 * @throws {InputError} When the operator refuses it and it cannot be a step either.
 */
export function importOrKeep<Made>(
  given: NodeCall,
  operator: ((call: NodeCall) => Made) | undefined,
): Made | Feature | Feature[] | undefined {
  if (operator === undefined) return importStep(given);
  const call = ANY_RANK.has(given.operator) ? withoutGroups(given) : given;
  try {
    return operator(call);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const step = importUnlessRefused(call);
    if (step === undefined) throw error;
    return step;
  }
}

/** What the operator has said of the node is nearer to what is wrong than what a step lacks. */
function importUnlessRefused(call: NodeCall): Feature | Feature[] | undefined {
  try {
    return importStep(call);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The node with groups of channels among its inputs as axes of their own. */
function withoutGroups(call: NodeCall): NodeCall {
  const isGrouped = (input: NodeCall["inputs"][number]) =>
    input?.kind === "feature" && input.shape.length === 4 && !input.isLast;
  if (!call.inputs.some(isGrouped)) return call;
  const inputs = call.inputs.map((input) =>
    input?.kind === "feature" && isGrouped(input) ? toPlain(call, input) : input
  );
  return new NodeCall(call.context, call.node, inputs);
}
