import { ownValue } from "../../../base/mod.ts";
import {
  alike,
  axisOf,
  castNumbers,
  COMMON_FOLDINGS,
  type Constant,
  fillShape,
  floats,
  foldArithmetic,
  fromFront,
  integers,
  joinLists,
  listIndices,
  moveAxes,
  openShape,
  pickEntries,
  squeezeAxes,
  takeAlong,
} from "../../import/mod.ts";
import type { NodeCall } from "./node_call.ts";

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

function foldWhere(call: NodeCall): Constant {
  const [condition, first, second] = [0, 1, 2].map((index) => call.constant(index));
  const at = ({ values }: Constant, index: number) => values[values.length === 1 ? 0 : index];
  const values = Array.from(
    condition.values,
    (truth, index) => at(truth ? first : second, index),
  );
  return alike([first, second], values, condition.shape);
}

/** `DataType` of integers among the targets of Cast. */
const INTEGER_TYPES = new Set([2, 3, 4, 5, 6, 7, 12, 13]);

const FOLDINGS: Readonly<Record<string, (call: NodeCall) => Constant>> = {
  ...COMMON_FOLDINGS,
  Gather: foldGather,
  Concat: (call) => joinLists(call, call.inputs.map((_, index) => call.constant(index))),
  Slice: foldSlice,
  Transpose: foldTranspose,
  Squeeze: foldSqueeze,
  Unsqueeze: foldUnsqueeze,
  ConstantOfShape: (call) =>
    fillShape(call, Array.from(call.constant(0).values), call.tensor("value") ?? floats([0])),
  Cast: (call) => castNumbers(call.constant(0), INTEGER_TYPES.has(call.number("to", 1))),
  CastLike: COMMON_FOLDINGS.Identity,
  Equal: foldArithmetic((first, second) => Number(first === second)),
  Where: foldWhere,
};
