import { ownValue } from "../../../../base/mod.ts";
import {
  type OperationConfig,
  type OperationConstant,
  operationShape,
  type WeightType,
} from "../../../../model/mod.ts";
import type { LayerCall } from "../../../export/mod.ts";
import { type OperatorName, TENSOR_TYPES } from "../../model.ts";
import type { GraphWriter } from "../graph_writer.ts";
import type { LayerWriter } from "./layer_writer.ts";
import { tensorOperations } from "./tensor_operation.ts";

/** Operations on single values as TensorFlow Lite calls them. */
const OPERATORS: Readonly<Record<string, OperatorName>> = {
  Abs: "ABS",
  Add: "ADD",
  AddV2: "ADD",
  BiasAdd: "ADD",
  Cast: "CAST",
  Ceil: "CEIL",
  Cos: "COS",
  Div: "DIV",
  Equal: "EQUAL",
  Exp: "EXP",
  Floor: "FLOOR",
  Greater: "GREATER",
  GreaterEqual: "GREATER_EQUAL",
  Less: "LESS",
  LessEqual: "LESS_EQUAL",
  Log: "LOG",
  LogicalAnd: "LOGICAL_AND",
  LogicalNot: "LOGICAL_NOT",
  LogicalOr: "LOGICAL_OR",
  Maximum: "MAXIMUM",
  Minimum: "MINIMUM",
  Mul: "MUL",
  Neg: "NEG",
  NotEqual: "NOT_EQUAL",
  Pow: "POW",
  RealDiv: "DIV",
  Round: "ROUND",
  Rsqrt: "RSQRT",
  Select: "SELECT_V2",
  SelectV2: "SELECT_V2",
  Sigmoid: "LOGISTIC",
  Sin: "SIN",
  Sqrt: "SQRT",
  Square: "SQUARE",
  SquaredDifference: "SQUARED_DIFFERENCE",
  Sub: "SUB",
  Tanh: "TANH",
};

/** A step of its own. */
export const writeOperation: LayerWriter = (graph, call, inputs) => {
  const config = call.config as OperationConfig;
  const { operator, operands, type } = config;
  const writeTensors = ownValue(tensorOperations, operator);
  if (writeTensors) return writeTensors(graph, call, inputs);
  const name = ownValue(OPERATORS, operator);
  const isReciprocal = operator === "Reciprocal";
  if (operator === "Cast" && type !== "float32") {
    throw graph.refusal(call, `rounds to ${type}, wanted floats; write a graph model`);
  }
  if (name === undefined && !isReciprocal) {
    const known = Object.keys({ ...OPERATORS, ...tensorOperations }).sort();
    throw graph.refusal(
      call,
      `is the operation ${operator}, wanted one of ${known.join(", ")}; write a graph model`,
    );
  }
  const shape = operationShape(config, inputs.map((input) => input.shape));
  const read = operands.map((operand, index) =>
    typeof operand === "number" ? inputs[operand] : addOperand(graph, call, index, operand)
  );
  if (isReciprocal) {
    const one = graph.addFloats(call.name, "one", [], [1]);
    return graph.add(call.name, "DIV", [one, ...read], shape);
  }
  return graph.add(call.name, name!, read, shape, undefined, 1, NUMBERS[type]);
};

const NUMBERS: Readonly<Record<WeightType, number>> = {
  float32: TENSOR_TYPES.float32,
  int32: TENSOR_TYPES.int32,
  bool: TENSOR_TYPES.bool,
};

function addOperand(
  graph: GraphWriter,
  call: LayerCall,
  index: number,
  { shape, values, type }: OperationConstant,
): number {
  const numbers = values.map(Number);
  const role = `operand${index}`;
  if (type === "float32") return graph.addFloats(call.name, role, shape, numbers);
  if (type === "int32") return graph.addIntegers(call.name, role, numbers, shape);
  throw graph.refusal(call, "reads constants of truth values, wanted numbers; write a graph model");
}
