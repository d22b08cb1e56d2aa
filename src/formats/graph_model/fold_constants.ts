import {
  alike,
  axisOf,
  castNumbers,
  COMMON_FOLDINGS,
  type Constant,
  fillShape,
  foldArithmetic,
  foldUnary,
  integers,
  joinLists,
  moveAxes,
  openShape,
  pickEntries,
  squeezeAxes,
  takeAlong,
} from "../import/mod.ts";
import type { NodeCall } from "./node_call.ts";
import { indicesOf, readSlices, reshapeSliced } from "./slices.ts";

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
    if (operator === "Shape") return openShape(first);
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

function foldGather(call: NodeCall): Constant {
  const axis = call.optionalConstant(2)?.values[0] ?? 0;
  return pickEntries(call, call.constant(0), axis, call.constant(1));
}

function foldConcat(call: NodeCall): Constant {
  return joinLists(call, call.inputs.slice(0, -1).map((_, index) => call.constant(index)));
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
  call.requireFoldable(constant.values.length);
  const plan = readSlices(call, constant.shape.length);
  const cut = plan.slices.reduce(
    (taken, slice, axis) => takeAlong(taken, axis, indicesOf(slice, taken.shape[axis])),
    constant,
  );
  return { ...cut, shape: reshapeSliced(plan, cut.shape, 1) };
}

function foldExpandDims(call: NodeCall): Constant {
  const constant = call.constant(0);
  const rank = constant.shape.length + 1;
  const axis = axisOf(call, call.constant(1).values[0], rank);
  return { ...constant, shape: constant.shape.toSpliced(axis, 0, 1) };
}

function foldSqueeze(call: NodeCall): Constant {
  const constant = call.constant(0);
  const given = call.numbers("squeeze_dims") ?? call.numbers("axis") ?? [];
  return squeezeAxes(constant, given.map((axis) => axisOf(call, axis, constant.shape.length)));
}

function foldRange(call: NodeCall): Constant {
  const [start, limit, step] = [0, 1, 2].map((index) => call.constant(index).values[0]);
  const count = Math.max(0, Math.ceil((limit - start) / step));
  call.requireFoldable(count);
  return alike(
    [call.constant(0)],
    Array.from({ length: count }, (_, index) => start + index * step),
  );
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

const { Add, Div, Identity } = COMMON_FOLDINGS;

const FOLDINGS: Readonly<Record<string, Folding>> = {
  ...COMMON_FOLDINGS,
  Gather: foldGather,
  GatherV2: foldGather,
  ConcatV2: foldConcat,
  Pack: foldPack,
  Slice: foldSlice,
  StridedSlice: foldSlice,
  Transpose: (call) => moveAxes(call, call.constant(0), Array.from(call.constant(1).values)),
  ExpandDims: foldExpandDims,
  Squeeze: foldSqueeze,
  Fill: (call) => fillShape(call, Array.from(call.constant(0).values), call.constant(1)),
  Range: foldRange,
  Cast: (call) =>
    castNumbers(call.constant(0), !/FLOAT|HALF|DOUBLE/.test(call.type("DstT", "DT_FLOAT"))),
  StopGradient: Identity,
  Snapshot: Identity,
  PlaceholderWithDefault: Identity,
  Shape: (call) => integers([...call.constant(0).shape]),
  Rank: (call) => integers([call.constant(0).shape.length], []),
  Size: (call) => integers([call.constant(0).values.length], []),
  AddV2: Add,
  RealDiv: Div,
  FloorDiv: foldArithmetic((first, second) => Math.floor(first / second)),
  FloorMod: foldArithmetic((first, second) => first - second * Math.floor(first / second)),
  Maximum: foldArithmetic(Math.max),
  Minimum: foldArithmetic(Math.min),
  Pow: foldArithmetic(Math.pow),
  Rsqrt: foldUnary((value) => 1 / Math.sqrt(value)),
  Square: foldUnary((value) => value * value),
  Reciprocal: foldUnary((value) => 1 / value),
  Exp: foldUnary(Math.exp),
  Prod: foldAll((first, second) => first * second),
  Sum: foldAll((first, second) => first + second),
};
