import type { OperationReach, WeightType } from "../../../model/mod.ts";
import { fromFront } from "../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import { indicesOf, isWhole, readSlices, reshapeSliced } from "../slices.ts";

type Shape = readonly (number | null)[];

/** What a step makes. */
export interface StepOutput {
  /** Shape without the batch; null where it is open. */
  readonly shape: Shape;
  /** What a value of it is made of. */
  readonly reach: OperationReach;
  /** Element type, where it is not that of what the step reads. */
  readonly type?: WeightType;
}

/** What the outputs of a node are. */
export type StepRule = (call: NodeCall) => StepOutput | readonly StepOutput[];

/** Whether an axis, counted with the batch, is the last of a tensor. */
function reachAlong(shape: Shape, axes: readonly number[]): OperationReach {
  return axes.includes(shape.length) ? "all" : "channel";
}

/** Operations on values at the same place. */
export function valueByValue(type?: WeightType): StepRule {
  return (call) => {
    const tensors = call.inputs.filter((input) => input?.kind === "feature");
    const shape = tensors.map((tensor) => tensor.shape)
      .reduce((joined, other) => call.joinShapes(joined, other));
    const constants = call.inputs.filter((input) => input?.kind === "constant");
    const whole = constants.reduce<Shape>((joined, constant) => {
      const rank = shape.length + 1;
      const [batch, ...extents] = [
        ...new Array(Math.max(0, rank - constant.shape.length)).fill(1),
        ...constant.shape,
      ];
      if (batch !== 1) {
        throw call.refusal(`joins a constant of shape [${constant.shape.join(", ")}] to the batch`);
      }
      return call.joinShapes(joined, extents);
    }, shape);
    return { shape: whole, reach: "value", type };
  };
}

/** The axes that a node names in a constant, counted from the front; the batch is refused. */
function axesOf(call: NodeCall, given: Iterable<number>, rank: number): number[] {
  const axes = Array.from(given, (axis) => fromFront(axis, rank));
  if (axes.every((axis) => axis >= 1 && axis < rank)) return axes;
  throw call.refusal(
    `works along axes [${axes.join(", ")}] of ${rank}, wanted others than the batch`,
  );
}

/** Operations that make one of many along axes. */
export function reduction(type?: WeightType): StepRule {
  return (call) => {
    const { shape } = call.feature(0, true);
    const given = call.optionalConstant(1)?.values ?? [];
    const axes = axesOf(call, given, shape.length + 1);
    const keeps = call.flag("keep_dims");
    const left = shape.flatMap((extent, axis) =>
      !axes.includes(axis + 1) ? [extent] : keeps ? [1] : []
    );
    return { shape: left, reach: reachAlong(shape, axes), type };
  };
}

/** Slices of any axes but the batch. */
export const slice: StepRule = (call) => {
  const { shape } = call.feature(0, true);
  const plan = readSlices(call, shape.length + 1);
  const [batch, ...slices] = plan.slices;
  if (!isWhole(batch, null) || plan.added.includes(0)) {
    throw call.refusal(`cuts the batch of [N, ${shape.join(", ")}], wanted it whole`);
  }
  const cut = shape.map((extent, axis) => {
    if (isWhole(slices[axis], extent)) return extent;
    return indicesOf(slices[axis], extent ?? NaN).length;
  });
  const [, ...left] = reshapeSliced<number | null>(plan, [null, ...cut], 1);
  const last = slices.at(-1)!;
  // A size that is stated does not follow channels that are cut; ends of StridedSlice may lie beyond them.
  const follows = call.operator === "StridedSlice" || last.end === undefined;
  const isLast = follows && isWhole(last, shape.at(-1)!) && !plan.added.includes(left.length);
  return { shape: left, reach: isLast ? "channel" : "all" };
};

/** Parts along an axis, one output for each. */
export const split: StepRule = (call) => {
  const isEven = call.operator === "Split";
  const { shape } = call.feature(isEven ? 1 : 0, true);
  const [axis] = axesOf(call, call.constant(isEven ? 0 : 2).values, shape.length + 1);
  const extent = shape[axis - 1] ?? NaN;
  const count = call.number("num_split", 1);
  const given = isEven
    ? new Array(count).fill(extent / count)
    : Array.from(call.constant(1).values);
  const known = given.reduce((sum, size) => sum + Math.max(0, size), 0);
  return given.map((size) => ({
    shape: shape.with(axis - 1, size === -1 ? extent - known : size),
    reach: reachAlong(shape, [axis]),
  }));
};

/** The slices of an axis, which is gone afterwards. */
export const unpack: StepRule = (call) => {
  const { shape } = call.feature(0, true);
  const [axis] = axesOf(call, [call.number("axis", 0)], shape.length + 1);
  const made = { shape: shape.toSpliced(axis - 1, 1), reach: reachAlong(shape, [axis]) };
  return new Array<StepOutput>(shape[axis - 1] ?? NaN).fill(made);
};

/** Tensors side by side along an axis of their own. */
export const pack: StepRule = (call) => {
  const shapes = call.inputs.map((_, index) => call.feature(index, true).shape);
  const rank = shapes[0].length + 2;
  const [axis] = axesOf(call, [call.number("axis", 0)], rank);
  if (shapes.some((shape) => shape.join() !== shapes[0].join())) {
    throw call.refusal("packs tensors of several shapes, wanted one");
  }
  return { shape: shapes[0].toSpliced(axis - 1, 0, shapes.length), reach: "all" };
};

/** Repetitions along axes. */
export const tile: StepRule = (call) => {
  const { shape } = call.feature(0, true);
  const [batch, ...counts] = Array.from(call.constant(1).values);
  if (batch !== 1 || counts.length !== shape.length) {
    throw call.refusal(`repeats [N, ${shape.join(", ")}] ${[batch, ...counts].join(" × ")} times`);
  }
  const isLast = counts.at(-1) === 1;
  return {
    shape: shape.map((extent, axis) => extent === null ? null : extent * counts[axis]),
    reach: isLast ? "channel" : "all",
  };
};

/** What a list of indices picks along an axis. */
export const gather: StepRule = (call) => {
  const { shape } = call.feature(0, true);
  const indices = call.constant(1);
  const [axis] = axesOf(call, [call.optionalConstant(2)?.values[0] ?? 0], shape.length + 1);
  const extent = shape[axis - 1] ?? NaN;
  const isWithin = indices.values.every((index) => index >= 0 && index < extent);
  if (call.number("batch_dims", 0) !== 0 || !isWithin) {
    throw call.refusal(`picks [${indices.values.join(", ")}] of ${extent}, wanted some of these`);
  }
  return {
    shape: shape.toSpliced(axis - 1, 1, ...indices.shape),
    reach: reachAlong(shape, [axis]),
  };
};

/** Values around a tensor. */
export const pad: StepRule = (call) => {
  const { shape } = call.feature(0, true);
  const pads = Array.from(call.constant(1).values);
  if (pads.length !== 2 * shape.length + 2 || pads[0] + pads[1] !== 0) {
    throw call.refusal(
      `pads [${pads.join(", ")}], wanted two numbers for every axis, 0 for the batch`,
    );
  }
  return {
    shape: shape.map((extent, axis) => extent && extent + pads[2 * axis + 2] + pads[2 * axis + 3]),
    reach: pads.at(-1) === 0 && pads.at(-2) === 0 ? "channel" : "all",
  };
};

/** Maps of another size. */
export const resize: StepRule = (call) => {
  const [, , channels] = call.maps().shape;
  const [rows, columns] = call.constant(1).values;
  return { shape: [rows, columns, channels], reach: "channel" };
};

/** Channels that become rows and columns. */
export const depthToSpace: StepRule = (call) => {
  const [rows, columns, channels] = call.maps().shape;
  const block = call.number("block_size", 1);
  const sides = [rows, columns].map((extent) => extent && extent * block);
  return { shape: [...sides, channels! / block ** 2], reach: "all" };
};

/** The largest along the last axis, and their places. */
export const topK: StepRule = (call) => {
  const { shape } = call.feature();
  const made = { shape: shape.with(-1, call.constant(1).values[0]), reach: "all" } as const;
  return [made, { ...made, type: "int32" }];
};

/** Products of the matrices of two tensors. */
export const matrixProduct: StepRule = (call) => {
  const [first, second] = [call.feature(0), call.feature(1)].map(({ shape }) => shape);
  const [turnsFirst, turnsSecond] = ["adj_x", "adj_y"].map((name) => call.flag(name));
  const rows = first.at(turnsFirst ? -1 : -2), inner = first.at(turnsFirst ? -2 : -1);
  const isFitting = first.length === second.length && first.length >= 2 &&
    inner === second.at(turnsSecond ? -1 : -2);
  if (!isFitting) {
    throw call.refusal(`multiplies [N, ${first.join(", ")}] by [N, ${second.join(", ")}]`);
  }
  const ahead = call.joinShapes(first.slice(0, -2), second.slice(0, -2));
  return { shape: [...ahead, rows!, second.at(turnsSecond ? -2 : -1)!], reach: "all" };
};

/** Operations that mix channels and keep the shape. */
export const sameShape: StepRule = (call) => ({ shape: call.feature().shape, reach: "all" });
