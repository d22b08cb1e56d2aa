import { ownValue } from "../../../base/mod.ts";
import {
  alike,
  broadcastShapes,
  combineConstants,
  type Constant,
  countElements,
  floats,
  integers,
  listIndices,
  takeAlong,
  transposeMatrix,
} from "../../import/mod.ts";
import type { NodeCall } from "./node_call.ts";

/** Elements that a constant made up of others may have. */
const MOST_FOLDED = 2 ** 16;

type Folding = (call: NodeCall) => Constant;

/**
 * Computes a node ahead of the network: the shape of a tensor, and the little arithmetic on shapes and constants that
 * exporters leave behind.
 *
 * @param call The node.
 * @returns The constant, or undefined when the node is the network's own business.
 * @throws {InputError} When a node of constants is not understood.
 */
export function foldConstants(call: NodeCall): Constant | undefined {
  const { operator } = call.node;
  if (operator === "Constant") return foldConstant(call);
  if (operator === "Shape") return foldShape(call);
  if (call.inputs.some((input) => input?.kind === "feature")) return undefined;
  const fold = ownValue(FOLDINGS, operator);
  if (fold === undefined) {
    throw call.refusal(
      `reads constants alone and is not known; simplify the model when exporting (constant folding)`,
    );
  }
  return fold(call);
}

function foldConstant(call: NodeCall): Constant {
  const { attributes } = call.node;
  const tensor = call.tensor("value");
  if (tensor) return tensor;
  const number = attributes.get("value_float") ?? attributes.get("value_int");
  const make = attributes.has("value_int") || attributes.has("value_ints") ? integers : floats;
  if (typeof number === "number") return make([number], []);
  const list = call.list("value_ints") ?? call.list("value_floats");
  if (list) return make(list);
  throw call.refusal(`has no value, wanted a tensor, numbers or a list`);
}

/** The extents of a tensor; an open one, as that of the batch, is NaN. */
function foldShape(call: NodeCall): Constant {
  const [value] = call.inputs;
  const shape = value?.kind === "feature"
    ? [NaN, ...value.shape.map((extent) => extent ?? NaN)]
    : call.constant(0).shape;
  const end = call.node.attributes.has("end") ? call.number("end", 0) : undefined;
  return integers(shape.slice(call.number("start", 0), end));
}

function foldGather(call: NodeCall): Constant {
  const constant = call.constant(0), indices = call.constant(1);
  const axis = call.number("axis", 0);
  const extent = constant.shape[axis];
  if (extent === undefined || indices.shape.length > 1) {
    throw call.refusal(`picks from a constant of ${constant.shape.length} axes, wanted a list`);
  }
  requireSmall(call, constant.values.length * indices.values.length);
  const picked = Array.from(indices.values, (index) => index < 0 ? index + extent : index);
  const taken = takeAlong(constant, axis, picked);
  return { ...taken, shape: taken.shape.toSpliced(axis, 1, ...indices.shape) };
}

function requireSmall(call: NodeCall, count: number): void {
  if (count <= MOST_FOLDED) return;
  throw call.refusal(`makes ${count} numbers, wanted ${MOST_FOLDED} at most`);
}

function foldConcat(call: NodeCall): Constant {
  const parts = call.inputs.map((_, index) => call.constant(index));
  if (parts.some(({ shape }) => shape.length !== 1)) {
    throw call.refusal(`joins constants that are no lists`);
  }
  requireSmall(call, parts.reduce((sum, { values }) => sum + values.length, 0));
  return alike(parts, parts.flatMap(({ values }) => Array.from(values)));
}

function foldSlice(call: NodeCall): Constant {
  const constant = call.constant(0);
  const read = (index: number, name: string) =>
    call.optionalConstant(index)?.values ?? call.list(name);
  const starts = read(1, "starts") ?? [], ends = read(2, "ends") ?? [];
  const axes = read(3, "axes"), steps = read(4, "steps");
  requireSmall(call, constant.values.length);
  return Array.from(starts).reduce((cut, start, place) => {
    const given = axes?.[place] ?? place;
    const axis = given < 0 ? given + cut.shape.length : given;
    const extent = cut.shape[axis] ?? 0;
    return takeAlong(cut, axis, listIndices(extent, start, ends[place], steps?.[place] ?? 1));
  }, constant);
}

function foldTranspose(call: NodeCall): Constant {
  const constant = call.constant(0);
  const rank = constant.shape.length;
  if (rank !== 2) throw call.refusal(`turns a constant of ${rank} axes, wanted 2`);
  return transposeMatrix(constant);
}

function foldReshape(call: NodeCall): Constant {
  const constant = call.constant(0);
  const target = Array.from(call.constant(1).values);
  const known = countElements(target.filter((extent) => extent !== -1));
  const shape = target.map((extent) => extent === -1 ? constant.values.length / known : extent);
  if (countElements(shape) !== constant.values.length) {
    throw call.refusal(
      `turns ${constant.values.length} numbers into shape [${target.join(", ")}]`,
    );
  }
  return { ...constant, shape };
}

function foldAxes(call: NodeCall): Constant {
  const constant = call.constant(0);
  const given = call.optionalConstant(1)?.values ?? call.list("axes") ?? [];
  const isSqueeze = call.node.operator === "Squeeze";
  const rank = constant.shape.length + (isSqueeze ? 0 : given.length);
  const axes = Array.from(given, (axis) => axis < 0 ? axis + rank : axis).sort((a, b) => a - b);
  const shape = isSqueeze
    ? constant.shape.filter((extent, axis) =>
      extent !== 1 || (axes.length > 0 && !axes.includes(axis))
    )
    : axes.reduce((extents, axis) => extents.toSpliced(axis, 0, 1), [...constant.shape]);
  return { ...constant, shape };
}

function foldFill(call: NodeCall): Constant {
  const shape = Array.from(call.constant(0).values);
  const count = countElements(shape);
  requireSmall(call, count);
  const value = call.tensor("value") ?? floats([0]);
  return alike([value], new Array(count).fill(value.values[0]), shape);
}

/** Elementwise, between constants. */
function foldArithmetic(compute: (first: number, second: number) => number): Folding {
  return (call) => {
    const [first, second] = [call.constant(0), call.constant(1)];
    const shape = broadcastShapes(first.shape, second.shape);
    if (shape === undefined) throw call.refusal(`joins constants of different lengths`);
    requireSmall(call, countElements(shape));
    return combineConstants(first, second, shape, compute);
  };
}

function foldUnary(compute: (value: number) => number): Folding {
  return (call) => {
    const { shape, values } = call.constant(0);
    return { kind: "constant", shape, values: values.map(compute) };
  };
}

/** `DataType` of integers among the targets of Cast. */
const INTEGER_TYPES = new Set([2, 3, 4, 5, 6, 7, 12, 13]);

function foldCast(call: NodeCall): Constant {
  const { values, shape } = call.constant(0);
  const isInteger = INTEGER_TYPES.has(call.number("to", 1));
  return isInteger
    ? integers(Array.from(values, Math.trunc), shape)
    : floats(Array.from(values), shape);
}

function foldWhere(call: NodeCall): Constant {
  const [condition, first, second] = [0, 1, 2].map((index) => call.constant(index));
  const at = ({ values }: Constant, index: number) => values[values.length === 1 ? 0 : index];
  const values = Array.from(
    condition.values,
    (truth, index) => at(truth ? first : second, index),
  );
  return alike([first, second], values, condition.shape);
}

const FOLDINGS: Readonly<Record<string, Folding>> = {
  Gather: foldGather,
  Concat: foldConcat,
  Slice: foldSlice,
  Transpose: foldTranspose,
  Reshape: foldReshape,
  Squeeze: foldAxes,
  Unsqueeze: foldAxes,
  ConstantOfShape: foldFill,
  Cast: foldCast,
  CastLike: (call) => call.constant(0),
  Identity: (call) => call.constant(0),
  Add: foldArithmetic((first, second) => first + second),
  Sub: foldArithmetic((first, second) => first - second),
  Mul: foldArithmetic((first, second) => first * second),
  Div: foldArithmetic((first, second) => first / second),
  Equal: foldArithmetic((first, second) => Number(first === second)),
  Where: foldWhere,
  Neg: foldUnary((value) => -value),
  Floor: foldUnary(Math.floor),
  Ceil: foldUnary(Math.ceil),
  Sqrt: foldUnary(Math.sqrt),
};
