import { ownValue } from "../../../../base/mod.ts";
import {
  type OperationConfig,
  type OperationConstant,
  operationShape,
} from "../../../../model/mod.ts";
import type { LayerCall } from "../../../export/mod.ts";
import { transposeConstant } from "../../../import/mod.ts";
import { DATA_TYPES } from "../../messages.ts";
import { axesInLayers } from "../../values.ts";
import type { GraphWriter } from "../graph_writer.ts";
import type { LayerWriter } from "./options.ts";
import { tensorOperations } from "./tensor_operation.ts";

/** Operations on single values as ONNX calls them. */
const OPERATORS: Readonly<Record<string, string>> = {
  Abs: "Abs",
  Acos: "Acos",
  Acosh: "Acosh",
  Add: "Add",
  AddV2: "Add",
  Asin: "Asin",
  Asinh: "Asinh",
  Atan: "Atan",
  Atanh: "Atanh",
  BiasAdd: "Add",
  Cast: "Cast",
  Ceil: "Ceil",
  Cos: "Cos",
  Cosh: "Cosh",
  Div: "Div",
  Equal: "Equal",
  Erf: "Erf",
  Exp: "Exp",
  Floor: "Floor",
  Greater: "Greater",
  GreaterEqual: "GreaterOrEqual",
  Less: "Less",
  LessEqual: "LessOrEqual",
  Log: "Log",
  LogicalAnd: "And",
  LogicalNot: "Not",
  LogicalOr: "Or",
  Maximum: "Max",
  Minimum: "Min",
  Mul: "Mul",
  Neg: "Neg",
  Pow: "Pow",
  RealDiv: "Div",
  Reciprocal: "Reciprocal",
  Round: "Round",
  Select: "Where",
  SelectV2: "Where",
  Sigmoid: "Sigmoid",
  Sign: "Sign",
  Sin: "Sin",
  Sinh: "Sinh",
  Sqrt: "Sqrt",
  Square: "Mul",
  Sub: "Sub",
  Tan: "Tan",
  Tanh: "Tanh",
};

/** Operations that ONNX has in two steps. */
const PAIRS: Readonly<Record<string, readonly [first: string, second: string]>> = {
  Rsqrt: ["Sqrt", "Reciprocal"],
};

const TYPES = {
  float32: DATA_TYPES.float,
  int32: DATA_TYPES.int32,
  bool: DATA_TYPES.bool,
} as const;

/** A step of its own. */
export const writeOperation: LayerWriter = (graph, call, inputs) => {
  const config = call.config as OperationConfig;
  const { operator, operands, type } = config;
  const writeTensors = ownValue(tensorOperations, operator);
  if (writeTensors) return writeTensors(graph, call, inputs);
  const name = ownValue(OPERATORS, operator);
  const pair = ownValue(PAIRS, operator);
  const shape = operationShape(config, inputs.map((input) => input.shape));
  if (name === undefined && pair === undefined) {
    const known = Object.keys({ ...OPERATORS, ...PAIRS, ...tensorOperations }).sort();
    throw graph.refusal(
      call,
      `is the operation ${operator}, wanted one of ${known.join(", ")}; write a graph model`,
    );
  }
  const read = operands.map((operand, index) =>
    typeof operand === "number"
      ? graph.inLayerOrder(inputs[operand]).name
      : addOperand(graph, call, index, operand, shape.length)
  );
  if (pair) {
    graph.add(call.name, pair[1], [graph.add(graph.partName(call.name, "root"), pair[0], read)]);
  } else if (operator === "Square") graph.add(call.name, "Mul", [...read, ...read]);
  else graph.add(call.name, name!, read, operator === "Cast" ? { to: TYPES[type] } : {});
  return { name: call.name, shape };
};

/** A constant with its axes as ONNX' tensor has them. */
function addOperand(
  graph: GraphWriter,
  call: LayerCall,
  index: number,
  { shape, values, type }: OperationConstant,
  rank: number,
): string {
  const numbers = values.map(Number);
  const whole = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
  const extents = whole.slice(-rank);
  const role = `operand${index}`;
  if (numbers.length === 1) return graph.addConstant(call.name, role, TYPES[type], [], numbers);
  const axes = axesInLayers(rank, rank !== 3);
  const order = axes.map((_, axis) => axes.indexOf(axis + 1));
  const turned = transpose(numbers, extents, order);
  return graph.addConstant(
    call.name,
    role,
    TYPES[type],
    order.map((axis) => extents[axis]),
    turned,
  );
}

function transpose(
  values: readonly number[],
  shape: readonly number[],
  order: readonly number[],
): number[] {
  const constant = { kind: "constant", shape, values: Float64Array.from(values) } as const;
  return Array.from(transposeConstant(constant, order).values);
}
