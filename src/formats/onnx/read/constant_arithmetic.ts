import {
  alike,
  axisOf,
  broadcastShapes,
  castNumbers,
  combineConstants,
  type Constant,
  countElements,
  foldArithmetic,
  holdsIntegers,
  integers,
} from "../../import/mod.ts";
import { DATA_TYPES } from "../messages.ts";
import { NodeCall } from "./node_call.ts";

/** One of two numbers; what is not known chooses nothing that is. */
export function foldWhere(call: NodeCall): Constant {
  const [condition, first, second] = [0, 1, 2].map((index) => call.constant(index));
  const shape = [condition, first, second].map((constant) => constant.shape)
    .reduce<number[] | undefined>(
      (joined, other) => joined && broadcastShapes(joined, other),
      [],
    );
  if (shape === undefined) {
    throw call.refusal(`joins constants whose shapes do not fit, wanted the same, or extents of 1`);
  }
  call.requireFoldable(countElements(shape));
  const [truths, ...choices] = [condition, first, second].map((constant) =>
    combineConstants(constant, constant, shape, (value) => value).values
  );
  const values = Array.from(truths, (truth, index) => {
    const [yes, no] = choices.map((choice) => choice[index]);
    if (Number.isNaN(truth)) return yes === no ? yes : NaN;
    return truth ? yes : no;
  });
  return alike([first, second], values, shape);
}

/** A comparison, not known where it is with an extent that is open, but that no extent is negative. */
export function foldComparison(compare: (first: number, second: number) => boolean) {
  const open = (known: number, at: (extent: number) => boolean) =>
    known < 0 && at(0) === at(Infinity) ? Number(at(0)) : NaN;
  return foldArithmetic((first, second) => {
    if (Number.isNaN(first)) return open(second, (extent) => compare(extent, second));
    if (Number.isNaN(second)) return open(first, (extent) => compare(first, extent));
    return Number(compare(first, second));
  });
}

/** Max, Min and the like, of any number of constants. */
export function foldSeveral(compute: (first: number, second: number) => number) {
  const pair = foldArithmetic(compute);
  return (call: NodeCall): Constant =>
    call.inputs.map((_, index) => call.constant(index)).reduce((joined, constant) =>
      pair(new NodeCall(call.context, call.node, [joined, constant]))
    );
}

/** (x − zero point) · scale, with one of each, or one for every entry of an axis. */
export function foldDequantization(call: NodeCall): Constant {
  const constant = call.constant(0);
  const { shape } = constant;
  const axis = axisOf(call, call.number("axis", 1), Math.max(2, shape.length));
  const inner = countElements(shape.slice(axis + 1));
  const scale = call.constant(1), zero = call.optionalConstant(2);
  const isFitting = (of: Constant) => of.values.length === 1 || of.values.length === shape[axis];
  if (!isFitting(scale) || zero && !isFitting(zero)) {
    throw call.refusal(
      `has ${scale.values.length} scales for a constant of shape [${shape.join(", ")}], ` +
        `wanted one, or one for every entry of axis ${axis}`,
    );
  }
  const at = ({ values }: Constant, index: number) =>
    values[values.length === 1 ? 0 : Math.floor(index / inner) % shape[axis]];
  const values = Float32Array.from(
    constant.values,
    (value, index) => (value - (zero ? at(zero, index) : 0)) * at(scale, index),
  );
  return { kind: "constant", shape, values };
}

/** Range: start, start + step … below a limit. */
export function foldRange(call: NodeCall): Constant {
  const parts = [0, 1, 2].map((index) => call.constant(index));
  const [start, limit, step] = parts.map(({ values }) => values[0]);
  const count = Math.max(0, Math.ceil((limit - start) / step));
  call.requireFoldable(count);
  return alike(parts, Array.from({ length: count }, (_, index) => start + index * step));
}

/** Product or sum of all numbers of a list. */
export function foldList(compute: (first: number, second: number) => number) {
  return (call: NodeCall): Constant => {
    const constant = call.constant(0);
    const isNothing = (call.optionalConstant(1)?.values ?? call.list("axes") ?? []).length === 0 &&
      call.number("noop_with_empty_axes", 0) === 1;
    if (isNothing) return constant;
    if (constant.values.length === 0 || constant.shape.length > 1) {
      throw call.refusal(`reduces a constant of ${constant.shape.length} axes, wanted a list`);
    }
    const total = Array.from(constant.values).reduce((sum, value) => compute(sum, value));
    return alike([constant], [total], call.number("keepdims", 1) === 1 ? [1] : []);
  };
}

/** `DataType` of integers among the targets of Cast. */
const INTEGER_TYPES = new Set([2, 3, 4, 5, 6, 7, 12, 13]);

/** Cast: to integers what is behind the point is cut off; to bool all but 0 becomes 1. */
export function foldCast(call: NodeCall): Constant {
  const constant = call.constant(0), type = call.number("to", DATA_TYPES.float);
  if (type !== DATA_TYPES.bool) return castNumbers(constant, INTEGER_TYPES.has(type));
  const truth = (value: number) => Number.isNaN(value) ? NaN : Number(value !== 0);
  return integers(Array.from(constant.values, truth), constant.shape);
}

/** CastLike: integers where the other constant holds them. */
export function foldCastLike(call: NodeCall): Constant {
  return castNumbers(call.constant(0), holdsIntegers(call.constant(1)));
}
