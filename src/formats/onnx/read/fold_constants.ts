import { ownValue } from "../../../base/mod.ts";
import {
  alike,
  axisOf,
  broadcastShapes,
  combineConstants,
  COMMON_FOLDINGS,
  type Constant,
  countElements,
  fillShape,
  floats,
  foldArithmetic,
  foldUnary,
  fromFront,
  integers,
  listIndices,
  moveAxes,
  openShape,
  pickEntries,
  squeezeAxes,
  takeAlong,
} from "../../import/mod.ts";
import {
  foldCast,
  foldCastLike,
  foldComparison,
  foldDequantization,
  foldList,
  foldRange,
  foldSeveral,
  foldWhere,
} from "./constant_arithmetic.ts";
import { NodeCall } from "./node_call.ts";

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
  const folded = fold(call);
  call.context.layers.spend(folded.values.length, call.name);
  return folded;
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

/** The extents of a tensor. */
function foldShape(call: NodeCall): Constant {
  const [value] = call.inputs;
  const shape = value?.kind === "feature"
    ? openShape(value).values
    : Float64Array.from(call.constant(0).shape);
  const end = call.node.attributes.has("end") ? call.number("end", 0) : undefined;
  return integers(Array.from(shape.slice(call.number("start", 0), end)));
}

function foldGather(call: NodeCall): Constant {
  const constant = call.constant(0), indices = call.constant(1);
  const axis = call.number("axis", 0);
  const extent = constant.shape.at(axis) ?? 0;
  const values = indices.values.map((index) => fromFront(index, extent));
  return pickEntries(call, constant, axis, { ...indices, values });
}

function foldSlice(call: NodeCall): Constant {
  const constant = call.constant(0);
  const read = (index: number, name: string) =>
    call.optionalConstant(index)?.values ?? call.list(name);
  const starts = read(1, "starts") ?? [], ends = read(2, "ends") ?? [];
  const axes = read(3, "axes"), steps = read(4, "steps");
  call.requireFoldable(constant.values.length);
  return Array.from(starts).reduce((cut, start, place) => {
    const axis = axisOf(call, axes?.[place] ?? place, cut.shape.length);
    const extent = cut.shape[axis] ?? 0;
    return takeAlong(cut, axis, listIndices(extent, start, ends[place], steps?.[place] ?? 1));
  }, constant);
}

function foldTranspose(call: NodeCall): Constant {
  const constant = call.constant(0);
  return moveAxes(call, constant, call.list("perm") ?? [...constant.shape.keys()].reverse());
}

function foldSqueeze(call: NodeCall): Constant {
  const constant = call.constant(0);
  return squeezeAxes(constant, listAxes(call, constant.shape.length));
}

function foldUnsqueeze(call: NodeCall): Constant {
  const constant = call.constant(0);
  const axes = listAxes(call, constant.shape.length, true);
  const shape = axes.reduce((extents, axis) => extents.toSpliced(axis, 0, 1), [...constant.shape]);
  return { ...constant, shape };
}

/** The axes that a node names, ascending: of what it reads, or of what it makes of that with them. */
function listAxes(call: NodeCall, rank: number, areNew = false): number[] {
  const given = Array.from(call.optionalConstant(1)?.values ?? call.list("axes") ?? []);
  return given.map((axis) => axisOf(call, axis, rank + (areNew ? given.length : 0)))
    .sort((a, b) => a - b);
}

/** Constants one behind the other along an axis. */
function foldConcat(call: NodeCall): Constant {
  const parts = call.inputs.map((_, index) => call.constant(index));
  const [{ shape }] = parts;
  const axis = axisOf(call, call.number("axis", 0), shape.length);
  const isFitting = parts.every((part) =>
    part.shape.length === shape.length &&
    part.shape.every((extent, place) => place === axis || extent === shape[place])
  );
  if (!isFitting) throw call.refusal(`joins constants whose shapes do not fit`);
  call.requireFoldable(parts.reduce((sum, { values }) => sum + values.length, 0));
  const outer = countElements(shape.slice(0, axis));
  const values = Array.from({ length: outer }, (_, block) =>
    parts.flatMap((part) => {
      const width = part.values.length / outer;
      return Array.from(part.values.subarray(block * width, (block + 1) * width));
    })).flat();
  const extent = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return alike(parts, values, shape.with(axis, extent));
}

function foldReshape(call: NodeCall): Constant {
  const [constant, target] = [call.constant(0), call.constant(1)];
  const copied = call.number("allowzero", 0) !== 0
    ? target.values
    : target.values.map((extent, axis) => extent === 0 ? constant.shape[axis] ?? NaN : extent);
  return COMMON_FOLDINGS.Reshape(
    new NodeCall(call.context, call.node, [constant, { ...target, values: copied }]),
  );
}

function foldFlatten(call: NodeCall): Constant {
  const constant = call.constant(0);
  const axis = fromFront(call.number("axis", 1), constant.shape.length);
  const rows = countElements(constant.shape.slice(0, axis));
  return { ...constant, shape: [rows, constant.values.length / rows] };
}

/** Expand: one number or more, spread over a shape. */
function foldExpand(call: NodeCall): Constant {
  const constant = call.constant(0);
  const shape = broadcastShapes(constant.shape, Array.from(call.constant(1).values));
  if (shape === undefined) throw call.refusal(`spreads a constant over a shape that does not fit`);
  call.requireFoldable(countElements(shape));
  return combineConstants(constant, constant, shape, (value) => value);
}

const FOLDINGS: Readonly<Record<string, (call: NodeCall) => Constant>> = {
  ...COMMON_FOLDINGS,
  Abs: foldUnary(Math.abs),
  Cast: foldCast,
  CastLike: foldCastLike,
  Concat: foldConcat,
  ConstantOfShape: (call) =>
    fillShape(call, Array.from(call.constant(0).values), call.tensor("value") ?? floats([0])),
  DequantizeLinear: foldDequantization,
  Equal: foldComparison((first, second) => first === second),
  Exp: foldUnary(Math.exp),
  Expand: foldExpand,
  Flatten: foldFlatten,
  Gather: foldGather,
  Greater: foldComparison((first, second) => first > second),
  Less: foldComparison((first, second) => first < second),
  Log: foldUnary(Math.log),
  Max: foldSeveral(Math.max),
  Min: foldSeveral(Math.min),
  Not: foldUnary((value) => Number.isNaN(value) ? NaN : Number(value === 0)),
  Pow: foldArithmetic(Math.pow),
  Range: foldRange,
  Reciprocal: foldUnary((value) => 1 / value),
  ReduceProd: foldList((first, second) => first * second),
  ReduceSum: foldList((first, second) => first + second),
  Reshape: foldReshape,
  Size: (call) => integers([call.constant(0).values.length], []),
  Slice: foldSlice,
  Squeeze: foldSqueeze,
  Transpose: foldTranspose,
  Unsqueeze: foldUnsqueeze,
  Where: foldWhere,
};

/** Operations that are computed ahead where they read constants alone, and those that always are. */
export const foldedOperators: readonly string[] = [
  ...Object.keys(FOLDINGS),
  "Constant",
  "Shape",
];
