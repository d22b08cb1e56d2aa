/**
 * Nodes of constants that are computed ahead of the network, in whatever format they stand.
 *
 * @module
 */
import {
  alike,
  broadcastShapes,
  combineConstants,
  type Constant,
  countElements,
  floats,
  fromFront,
  integers,
  takeAlong,
  transposeConstant,
} from "./constants.ts";
import type { Feature, ImportCall } from "./import_call.ts";

/** A node of constants. */
type Call = ImportCall<Feature>;

/** Computes a node of constants. */
export type Folding = (call: Call) => Constant;

/** The extents of a tensor; an open one, as that of the batch, is NaN. */
export function openShape({ shape }: Feature): Constant {
  return integers([NaN, ...shape.map((extent) => extent ?? NaN)]);
}

/** An axis of a constant, counted from its front. */
export function axisOf(call: Call, given: number, rank: number): number {
  const axis = fromFront(given, rank);
  if (Number.isSafeInteger(axis) && axis >= 0 && axis < Math.max(rank, 1)) return axis;
  throw call.refusal(`means axis ${given} of a constant of ${rank} axes`);
}

/** Refuses a shape that no constant can have. */
function requireShape(call: Call, shape: readonly number[]): void {
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) return;
  throw call.refusal(`makes a constant of shape [${shape.join(", ")}], wanted known extents`);
}

/**
 * Picks entries along one axis.
 *
 * @param call The node.
 * @param constant What is picked from.
 * @param given The axis.
 * @param indices A list, or one index, whose axis is gone then; counted from the front.
 * @returns The entries.
 * @throws {InputError} When one is not there.
 */
export function pickEntries(
  call: Call,
  constant: Constant,
  given: number,
  indices: Constant,
): Constant {
  const axis = axisOf(call, given, constant.shape.length);
  const extent = constant.shape[axis];
  if (indices.shape.length > 1 || extent === undefined) {
    throw call.refusal(`picks by indices of ${indices.shape.length} axes, wanted a list`);
  }
  const picked = Array.from(indices.values);
  call.requireFoldable(countElements(constant.shape.toSpliced(axis, 1)) * picked.length);
  if (!picked.every((index) => index >= 0 && index < extent)) {
    throw call.refusal(`picks [${picked.join(", ")}] of ${extent} entries`);
  }
  const taken = takeAlong(constant, axis, picked);
  return { ...taken, shape: taken.shape.toSpliced(axis, 1, ...indices.shape) };
}

/** Lists one behind the other. */
export function joinLists(call: Call, parts: readonly Constant[]): Constant {
  if (parts.some(({ shape }) => shape.length !== 1)) {
    throw call.refusal(`joins constants that are no lists`);
  }
  call.requireFoldable(parts.reduce((sum, { values }) => sum + values.length, 0));
  return alike(parts, parts.flatMap(({ values }) => Array.from(values)));
}

/** A constant with its axes in another order. */
export function moveAxes(call: Call, constant: Constant, axes: readonly number[]): Constant {
  const { shape } = constant;
  const isOrder = axes.length === shape.length &&
    axes.toSorted((first, second) => first - second).every((axis, index) => axis === index);
  if (isOrder) return transposeConstant(constant, axes);
  throw call.refusal(
    `moves axes of a constant of shape [${shape.join(", ")}] to [${axes.join(", ")}], ` +
      `wanted each of its axes once`,
  );
}

/** Takes axes of one out, all of them where none are named. */
export function squeezeAxes(constant: Constant, axes: readonly number[]): Constant {
  const isGone = (extent: number, axis: number) =>
    extent === 1 && (axes.length === 0 || axes.includes(axis));
  return { ...constant, shape: constant.shape.filter((extent, axis) => !isGone(extent, axis)) };
}

/** A constant of one number again and again. */
export function fillShape(call: Call, shape: readonly number[], value: Constant): Constant {
  requireShape(call, shape);
  const count = countElements(shape);
  call.requireFoldable(count);
  return alike([value], new Array(count).fill(value.values[0]), shape);
}

/** The numbers of a constant as integers or as floats. */
export function castNumbers({ values, shape }: Constant, areIntegers: boolean): Constant {
  return areIntegers
    ? integers(Array.from(values, Math.trunc), shape)
    : floats(Array.from(values), shape);
}

/** Elementwise, between constants. */
export function foldArithmetic(compute: (first: number, second: number) => number): Folding {
  return (call) => {
    const [first, second] = [call.constant(0), call.constant(1)];
    const shape = broadcastShapes(first.shape, second.shape);
    if (shape === undefined) {
      throw call.refusal(
        `joins constants of shape [${first.shape.join(", ")}] and [${second.shape.join(", ")}]`,
      );
    }
    call.requireFoldable(countElements(shape));
    return combineConstants(first, second, shape, compute);
  };
}

/** Number by number. */
export function foldUnary(compute: (value: number) => number): Folding {
  return (call) => {
    const { shape, values } = call.constant(0);
    return { kind: "constant", shape, values: values.map(compute) };
  };
}

function foldReshape(call: Call): Constant {
  const constant = call.constant(0);
  const target = Array.from(call.constant(1).values);
  const known = countElements(target.filter((extent) => extent !== -1));
  const shape = target.map((extent) => extent === -1 ? constant.values.length / known : extent);
  requireShape(call, shape);
  if (countElements(shape) !== constant.values.length) {
    throw call.refusal(`turns ${constant.values.length} numbers into shape [${target.join(", ")}]`);
  }
  return { ...constant, shape };
}

/** Operations that have one name and one meaning in all formats. */
export const COMMON_FOLDINGS: Readonly<Record<string, Folding>> = {
  Identity: (call) => call.constant(0),
  Reshape: foldReshape,
  Add: foldArithmetic((first, second) => first + second),
  Sub: foldArithmetic((first, second) => first - second),
  Mul: foldArithmetic((first, second) => first * second),
  Div: foldArithmetic((first, second) => first / second),
  Neg: foldUnary((value) => -value),
  Sqrt: foldUnary(Math.sqrt),
  Floor: foldUnary(Math.floor),
  Ceil: foldUnary(Math.ceil),
};
