import {
  alike,
  broadcastShapes,
  combineConstants,
  type Constant,
  countElements,
  floats,
  integers,
  takeAlong,
  transposeMatrix,
} from "../import/mod.ts";
import type { NodeCall } from "./node_call.ts";
import { indicesOf, readSlices, reshapeSliced } from "./slices.ts";

/** Elements that a constant made up of smaller ones may have. */
const MOST_FOLDED = 2 ** 16;

type Folding = (call: NodeCall) => Constant;

/** Whether an operation is one that can be computed ahead of the network. */
export function canFold(operator: string): boolean {
  return Object.hasOwn(FOLDINGS, operator);
}

/**
 * Computes a node ahead of the network: the shape of a tensor, and arithmetic on shapes and weights.
 *
 * @param call The node.
 * @returns The constant, or undefined when the node is the network's own business.
 * @throws {InputError} When a node of constants is not understood.
 */
export function foldConstants(call: NodeCall): Constant | undefined {
  const { operator, inputs } = call;
  const [first] = inputs;
  if (first?.kind === "feature" && inputs.length === 1) {
    if (operator === "Shape") return integers(openShape(first));
    return operator === "Rank" ? integers([first.shape.length + 1], []) : undefined;
  }
  if (inputs.length === 0 && operator !== "NoOp") return undefined;
  if (inputs.some((input) => input?.kind === "feature")) return undefined;
  const fold = canFold(operator) ? FOLDINGS[operator] : undefined;
  if (fold === undefined) {
    throw call.refusal(
      `reads constants alone and is not known; replace it by its result, or convert the model with ` +
        `tensorflowjs_converter, which folds constants`,
    );
  }
  const folded = fold(call);
  call.context.layers.spend(folded.values.length, call.name);
  return folded;
}

/** Refuses a shape that no constant can have. */
function requireShape(call: NodeCall, shape: readonly number[]): void {
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) return;
  throw call.refusal(`makes a constant of shape [${shape.join(", ")}], wanted known extents`);
}

/** The extents of a tensor; an open one, as that of the batch, is NaN. */
function openShape({ shape }: { shape: readonly (number | null)[] }): number[] {
  return [NaN, ...shape.map((extent) => extent ?? NaN)];
}

/** Refuses results that a small file could claim to need. */
function requireSmall(call: NodeCall, count: number): void {
  const given = call.inputs.map((input) => input?.kind === "constant" ? input.values.length : 0);
  const most = given.reduce((long, length) => Math.max(long, length), MOST_FOLDED);
  if (!(count <= most)) throw call.refusal(`makes ${count} numbers, wanted ${most} at most`);
}

/** An axis of a constant, counted from its front. */
function axisOf(call: NodeCall, given: number, rank: number): number {
  const axis = given < 0 ? given + rank : given;
  if (Number.isSafeInteger(axis) && axis >= 0 && axis < Math.max(rank, 1)) return axis;
  throw call.refusal(`means axis ${given} of a constant of ${rank} axes`);
}

function foldGather(call: NodeCall): Constant {
  const constant = call.constant(0), indices = call.constant(1);
  const axis = axisOf(call, call.optionalConstant(2)?.values[0] ?? 0, constant.shape.length);
  const extent = constant.shape[axis];
  if (indices.shape.length > 1 || extent === undefined) {
    throw call.refusal(`picks by indices of ${indices.shape.length} axes, wanted a list`);
  }
  requireSmall(call, constant.values.length / extent * indices.values.length);
  const picked = Array.from(indices.values);
  if (!picked.every((index) => index >= 0 && index < extent)) {
    throw call.refusal(`picks [${picked.join(", ")}] of ${extent} entries`);
  }
  const taken = takeAlong(constant, axis, picked);
  return { ...taken, shape: taken.shape.toSpliced(axis, 1, ...indices.shape) };
}

function foldConcat(call: NodeCall): Constant {
  const parts = call.inputs.slice(0, -1).map((_, index) => call.constant(index));
  if (parts.some(({ shape }) => shape.length !== 1)) {
    throw call.refusal(`joins constants that are no lists`);
  }
  requireSmall(call, parts.reduce((sum, { values }) => sum + values.length, 0));
  return alike(parts, parts.flatMap(({ values }) => Array.from(values)));
}

function foldPack(call: NodeCall): Constant {
  const parts = call.inputs.map((_, index) => call.constant(index));
  if (parts.some(({ values }) => values.length !== 1)) {
    throw call.refusal(`packs constants that are no single numbers`);
  }
  return alike(parts, parts.map(({ values }) => values[0]));
}

function foldSlice(call: NodeCall): Constant {
  const constant = call.constant(0);
  requireSmall(call, constant.values.length);
  const plan = readSlices(call, constant.shape.length);
  const cut = plan.slices.reduce(
    (taken, slice, axis) => takeAlong(taken, axis, indicesOf(slice, taken.shape[axis])),
    constant,
  );
  return { ...cut, shape: reshapeSliced(plan, cut.shape, 1) };
}

function foldTranspose(call: NodeCall): Constant {
  const constant = call.constant(0);
  const axes = Array.from(call.constant(1).values).join();
  if (axes === [...constant.shape.keys()].join()) return constant;
  if (axes === "1,0") return transposeMatrix(constant);
  throw call.refusal(`moves axes of a constant to [${axes}], wanted a matrix`);
}

function foldReshape(call: NodeCall): Constant {
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

function foldExpandDims(call: NodeCall): Constant {
  const constant = call.constant(0);
  const rank = constant.shape.length + 1;
  const axis = axisOf(call, call.constant(1).values[0], rank);
  return { ...constant, shape: constant.shape.toSpliced(axis, 0, 1) };
}

function foldSqueeze(call: NodeCall): Constant {
  const constant = call.constant(0);
  const rank = constant.shape.length;
  const gone = (call.numbers("squeeze_dims") ?? call.numbers("axis") ?? []).map((axis) =>
    axisOf(call, axis, rank)
  );
  const isGone = (extent: number, axis: number) =>
    extent === 1 && (gone.length === 0 || gone.includes(axis));
  return { ...constant, shape: constant.shape.filter((extent, axis) => !isGone(extent, axis)) };
}

function foldFill(call: NodeCall): Constant {
  const shape = Array.from(call.constant(0).values);
  const count = countElements(shape);
  requireShape(call, shape);
  requireSmall(call, count);
  const value = call.constant(1);
  return alike([value], new Array(count).fill(value.values[0]), shape);
}

function foldRange(call: NodeCall): Constant {
  const [start, limit, step] = [0, 1, 2].map((index) => call.constant(index).values[0]);
  const count = Math.max(0, Math.ceil((limit - start) / step));
  requireSmall(call, count);
  return alike(
    [call.constant(0)],
    Array.from({ length: count }, (_, index) => start + index * step),
  );
}

/** Elementwise, between constants. */
function foldArithmetic(compute: (first: number, second: number) => number): Folding {
  return (call) => {
    const [first, second] = [call.constant(0), call.constant(1)];
    const shape = broadcastShapes(first.shape, second.shape);
    if (shape === undefined) {
      throw call.refusal(
        `joins constants of shape [${first.shape.join(", ")}] and [${second.shape.join(", ")}]`,
      );
    }
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

function foldCast(call: NodeCall): Constant {
  const { values, shape } = call.constant(0);
  const isFloat = /FLOAT|HALF|DOUBLE/.test(call.type("DstT", "DT_FLOAT"));
  return isFloat
    ? floats(Array.from(values), shape)
    : integers(Array.from(values, Math.trunc), shape);
}

/** Product, sum, smallest or largest of all numbers of a constant. */
function foldAll(compute: (first: number, second: number) => number): Folding {
  return (call) => {
    const constant = call.constant(0);
    if (constant.values.length === 0 || constant.shape.length > 1) {
      throw call.refusal(`reduces a constant of ${constant.shape.length} axes, wanted a list`);
    }
    const shape = call.flag("keep_dims") ? [1] : [];
    return alike([constant], [
      Array.from(constant.values).reduce((total, value) => compute(total, value)),
    ], shape);
  };
}

const same: Folding = (call) => call.constant(0);

const FOLDINGS: Readonly<Record<string, Folding>> = {
  Gather: foldGather,
  GatherV2: foldGather,
  ConcatV2: foldConcat,
  Pack: foldPack,
  Slice: foldSlice,
  StridedSlice: foldSlice,
  Transpose: foldTranspose,
  Reshape: foldReshape,
  ExpandDims: foldExpandDims,
  Squeeze: foldSqueeze,
  Fill: foldFill,
  Range: foldRange,
  Cast: foldCast,
  Identity: same,
  StopGradient: same,
  Snapshot: same,
  PlaceholderWithDefault: same,
  Shape: (call) => integers([...call.constant(0).shape]),
  Rank: (call) => integers([call.constant(0).shape.length], []),
  Size: (call) => integers([call.constant(0).values.length], []),
  Add: foldArithmetic((first, second) => first + second),
  AddV2: foldArithmetic((first, second) => first + second),
  Sub: foldArithmetic((first, second) => first - second),
  Mul: foldArithmetic((first, second) => first * second),
  RealDiv: foldArithmetic((first, second) => first / second),
  Div: foldArithmetic((first, second) => first / second),
  FloorDiv: foldArithmetic((first, second) => Math.floor(first / second)),
  FloorMod: foldArithmetic((first, second) => first - second * Math.floor(first / second)),
  Maximum: foldArithmetic(Math.max),
  Minimum: foldArithmetic(Math.min),
  Pow: foldArithmetic(Math.pow),
  Neg: foldUnary((value) => -value),
  Sqrt: foldUnary(Math.sqrt),
  Rsqrt: foldUnary((value) => 1 / Math.sqrt(value)),
  Square: foldUnary((value) => value * value),
  Reciprocal: foldUnary((value) => 1 / value),
  Exp: foldUnary(Math.exp),
  Floor: foldUnary(Math.floor),
  Ceil: foldUnary(Math.ceil),
  Prod: foldAll((first, second) => first * second),
  Sum: foldAll((first, second) => first + second),
};
