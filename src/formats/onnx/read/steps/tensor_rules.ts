import { ownValue } from "../../../../base/mod.ts";
import { addActivation, fromFront, integers, listIndices } from "../../../import/mod.ts";
import type { Feature } from "../../values.ts";
import type { NodeCall } from "../node_call.ts";
import { FACTORS, overSeries, permute } from "../operators/mod.ts";
import { resizeMaps } from "./resize_maps.ts";
import {
  addStep,
  addSteps,
  axesOf,
  plainFloats,
  plainInput,
  reachAlong,
  type TensorRule,
} from "./tensor_step.ts";

/** One of many along axes, of what is made of every value first, and something of that. */
function reduction(operator: string, ahead?: string, behind?: string): TensorRule {
  return (call) => {
    const value = plainFloats(call, 0);
    const given = call.optionalConstant(1)?.values ?? call.list("axes") ?? [];
    if (given.length === 0 && call.number("noop_with_empty_axes", 0) === 1) return value;
    const all = Array.from({ length: value.shape.length + 1 }, (_, axis) => axis);
    const axes = axesOf(call, given.length > 0 ? given : all, value);
    const keeps = call.number("keepdims", 1) === 1;
    const shape = value.shape.flatMap((extent, axis) =>
      !axes.includes(axis + 1) ? [extent] : keeps ? [1] : []
    );
    const single = (of: Feature, single: string | undefined, suffix?: string) =>
      single === undefined ? of : addStep(call, {
        operator: single,
        operands: [of],
        outputs: [{ shape: of.shape }],
        reach: "value",
        suffix,
      });
    const reduced = addStep(call, {
      operator,
      attributes: { keep_dims: { b: keeps } },
      operands: [single(value, ahead, "values"), integers(axes)],
      outputs: [{ shape }],
      reach: reachAlong(value, axes),
      suffix: behind && "sum",
    });
    return single(reduced, behind);
  };
}

/** Place of the largest or the smallest along an axis. */
function place(operator: string): TensorRule {
  return (call) => {
    const value = plainFloats(call, 0);
    const [axis] = axesOf(call, [call.number("axis", 0)], value);
    if (call.number("keepdims", 1) === 1 || call.number("select_last_index", 0) === 1) {
      throw call.refusal("keeps the axis (keepdims), or takes the last of several, wanted neither");
    }
    return addStep(call, {
      operator,
      operands: [value, integers([axis], [])],
      outputs: [{ shape: value.shape.toSpliced(axis - 1, 1), type: "int32" }],
      reach: reachAlong(value, [axis]),
    });
  };
}

const slice: TensorRule = (call) => {
  const value = plainInput(call, 0);
  const read = (index: number, name: string) =>
    call.optionalConstant(index)?.values ?? call.list(name);
  const starts = read(1, "starts") ?? [], ends = read(2, "ends") ?? [];
  const axes = axesOf(call, read(3, "axes") ?? [...starts].map((_, axis) => axis), value);
  const steps = read(4, "steps");
  const rank = value.shape.length + 1;
  const begin = new Array<number>(rank).fill(0), end = [...begin];
  const strides = begin.map(() => 1);
  let beginMask = 2 ** rank - 1, endMask = beginMask;
  const shape = [...value.shape];
  axes.forEach((axis, at) => {
    const extent = value.shape[axis - 1], step = steps?.[at] ?? 1;
    const indices = extent === null ? [] : listIndices(extent, starts[at], ends[at], step);
    if (indices.length === 0) {
      throw call.refusal(
        `cuts axis ${axis} of ${extent ?? "open size"} from ${starts[at]} to ${ends[at]}, ` +
          `wanted a known size, and something left`,
      );
    }
    if (indices.length === extent && step === 1) return;
    shape[axis - 1] = indices.length;
    const last = indices.at(-1)! + step;
    [begin[axis], end[axis], strides[axis]] = [indices[0], Math.max(0, last), step];
    beginMask -= 2 ** axis;
    // What would lie ahead of the first entry counts from the end there: the mask says all of it.
    if (last >= 0) endMask -= 2 ** axis;
  });
  const masks = { begin_mask: beginMask, end_mask: endMask };
  const none = { ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 0 };
  return addStep(call, {
    operator: "StridedSlice",
    attributes: Object.fromEntries(
      Object.entries({ ...masks, ...none }).map(([name, mask]) => [name, { i: String(mask) }]),
    ),
    operands: [value, integers(begin), integers(end), integers(strides)],
    outputs: [{ shape }],
    reach: beginMask & 2 ** (rank - 1) ? "channel" : "all",
  });
};

const split: TensorRule = (call) => {
  const value = plainInput(call, 0);
  const [axis] = axesOf(call, [call.number("axis", 0)], value);
  const extent = value.shape[axis - 1] ?? NaN;
  const count = Math.min(call.number("num_outputs", call.node.outputs.length), extent);
  const even = Math.ceil(extent / count);
  const given = call.optionalConstant(1)?.values ?? call.list("split") ??
    Array.from({ length: count || 0 }, (_, part) => Math.min(even, extent - part * even));
  const sizes = Array.from(given);
  if (sizes.reduce((sum, size) => sum + size, 0) !== extent || !sizes.every((size) => size > 0)) {
    throw call.refusal(`cuts ${extent} into [${sizes.join(", ")}], wanted all of them`);
  }
  return addSteps(call, {
    operator: "SplitV",
    operands: [value, integers(sizes), integers([axis], [])],
    outputs: sizes.map((size) => ({ shape: value.shape.with(axis - 1, size) })),
    reach: reachAlong(value, [axis]),
  });
};

const gather: TensorRule = (call) => {
  const value = plainInput(call, 0);
  const indices = call.constant(1);
  const [axis] = axesOf(call, [call.number("axis", 0)], value);
  const extent = value.shape[axis - 1] ?? NaN;
  const picked = Array.from(indices.values, (index) => fromFront(index, extent));
  if (!picked.every((index) => index >= 0 && index < extent)) {
    throw call.refusal(`picks [${picked.join(", ")}] of ${extent}, wanted some of these`);
  }
  return addStep(call, {
    operator: "GatherV2",
    attributes: { batch_dims: { i: "0" } },
    operands: [value, integers(picked, indices.shape), integers([axis], [])],
    outputs: [{ shape: value.shape.toSpliced(axis - 1, 1, ...indices.shape) }],
    reach: reachAlong(value, [axis]),
  });
};

const concat: TensorRule = (call) => {
  const values = call.inputs.map((_, index) => plainFloats(call, index));
  const [{ shape: extents }] = values;
  const [axis] = axesOf(call, [call.number("axis", 1)], values[0]);
  const isFitting = values.every(({ shape }) =>
    shape.length === extents.length &&
    shape.every((extent, at) => extent !== null && (at === axis - 1 || extent === extents[at]))
  );
  if (!isFitting) {
    const shapes = values.map(({ shape }) => `[N, ${shape.join(", ")}]`).join(" and ");
    throw call.refusal(`joins ${shapes}, wanted one size but for axis ${axis}`);
  }
  const total = values.reduce((sum, { shape }) => sum + shape[axis - 1]!, 0);
  const layer = call.addLayer("Concatenate", values, { axis });
  const nonNegative = values.every((value) => value.nonNegative);
  return call.result(layer, values[0], { shape: extents.with(axis - 1, total), nonNegative });
};

/** Softmax along any axis. */
function softmax(activation: string): TensorRule {
  return (call) => {
    const value = plainFloats(call, 0);
    const rank = value.shape.length;
    const isOld = call.context.opset < 13;
    const [axis] = axesOf(call, [call.number("axis", isOld ? 1 : -1)], value);
    if (isOld && value.shape.slice(axis).some((extent) => extent !== 1)) {
      throw call.refusal(`runs along all axes from ${axis} on, wanted one; export with opset 13`);
    }
    if (axis === rank) return addActivation(call, value, activation);
    const swapped = Array.from({ length: rank + 1 }, (_, at) => at);
    [swapped[axis], swapped[rank]] = [rank, axis];
    const turned = permute(call, value, swapped, "turned");
    return permute(call, addActivation(call, turned, activation, activation), swapped);
  };
}

const matrixProduct: TensorRule = (call) => {
  const values = [plainFloats(call, 0), plainFloats(call, 1)];
  const [first, second] = values.map(({ shape }) => shape);
  if (first.length !== second.length || first.length < 2 || first.at(-1) !== second.at(-2)) {
    throw call.refusal(
      `multiplies [N, ${first.join(", ")}] by [N, ${second.join(", ")}], ` +
        `wanted as many columns as the other has rows`,
    );
  }
  const ahead = call.joinShapes(first.slice(0, -2), second.slice(0, -2));
  return addStep(call, {
    operator: "BatchMatMulV2",
    attributes: { adj_x: { b: false }, adj_y: { b: false } },
    operands: values,
    outputs: [{ shape: [...ahead, first.at(-2)!, second.at(-1)!] }],
    reach: "all",
  });
};

const topK: TensorRule = (call) => {
  const value = plainFloats(call, 0);
  const [count] = call.optionalConstant(1)?.values ?? [call.number("k", 1)];
  const [axis] = axesOf(call, [call.number("axis", -1)], value);
  const isLargest = call.number("largest", 1) === 1 && call.number("sorted", 1) === 1;
  if (axis !== value.shape.length || !isLargest) {
    throw call.refusal(`wants some along axis ${axis}, wanted the largest of the last, sorted`);
  }
  const shape = value.shape.with(-1, count);
  return addSteps(call, {
    operator: "TopKV2",
    attributes: { sorted: { b: true } },
    operands: [value, integers([count], [])],
    outputs: [{ shape }, { shape, type: "int32" }],
    reach: "all",
  });
};

function repeat(call: NodeCall, value: Feature, counts: readonly number[]): Feature {
  const [batch, ...behind] = counts;
  if (
    batch !== 1 || behind.length !== value.shape.length || behind.some((count) => !(count >= 1))
  ) {
    throw call.refusal(
      `repeats [N, ${value.shape.join(", ")}] ${counts.join(" × ")} times, wanted the batch once`,
    );
  }
  return addStep(call, {
    operator: "Tile",
    operands: [value, integers(counts)],
    outputs: [{ shape: value.shape.map((extent, axis) => extent && extent * behind[axis]) }],
    reach: behind.at(-1) === 1 ? "channel" : "all",
  });
}

const expand: TensorRule = (call) => {
  const value = plainInput(call, 0);
  const { shape } = value;
  const [batch, ...target] = call.constant(1).values;
  const isBatch = Number.isNaN(batch) || call.context.batches.has(batch);
  const counts = target.map((extent, axis) => shape[axis] === 1 ? extent : 1);
  const isFitting = target.every((extent, axis) =>
    extent === 1 || extent === shape[axis] || shape[axis] === 1
  );
  if (isBatch && isFitting) return repeat(call, value, [1, ...counts]);
  throw call.refusal(
    `widens [N, ${shape.join(", ")}] to [${batch}, ${
      target.join(", ")
    }], wanted extents of 1 wider`,
  );
};

const pad: TensorRule = (call) => {
  const value = plainFloats(call, 0);
  const rank = value.shape.length + 1;
  const given = Array.from(call.optionalConstant(1)?.values ?? call.list("pads") ?? []);
  const axes = Array.from(call.optionalConstant(3)?.values ?? Array.from({ length: rank }).keys());
  const begins = new Array<number>(rank).fill(0), ends = [...begins];
  axes.forEach((axis, at) => {
    begins[fromFront(axis, rank)] = given[at];
    ends[fromFront(axis, rank)] = given[at + axes.length];
  });
  const mode = call.text("mode", "constant");
  const isFilled = mode === "constant";
  const isWithin = isFilled ||
    mode === "reflect" &&
      value.shape.every((extent, axis) =>
        Math.max(begins[axis + 1], ends[axis + 1]) < (extent ?? NaN)
      );
  const isUsable = [...begins, ...ends].every((pad) => Number.isSafeInteger(pad) && pad >= 0) &&
    begins[0] + ends[0] === 0 && given.length === 2 * axes.length && isWithin;
  if (!isUsable) {
    throw call.refusal(
      `pads [${given.join(", ")}] with ${mode}, wanted numbers or reflections, none at the batch`,
    );
  }
  const shape = value.shape.map((extent, axis) =>
    extent && extent + begins[axis + 1] + ends[axis + 1]
  );
  const pads = integers(begins.flatMap((begin, axis) => [begin, ends[axis]]), [rank, 2]);
  const fill = call.optionalConstant(2)?.values[0] ?? call.number("value", 0);
  return addStep(call, {
    operator: isFilled ? "PadV2" : "MirrorPad",
    attributes: isFilled ? {} : { mode: { s: btoa("REFLECT") } },
    operands: [
      value,
      pads,
      ...(isFilled
        ? [{ kind: "constant", shape: [], values: Float32Array.of(fill) } as const]
        : []),
    ],
    outputs: [{ shape }],
    reach: begins[rank - 1] + ends[rank - 1] === 0 ? "channel" : "all",
  });
};

/** Transpose of whole numbers or truth values, which a layer would make floats of. */
const transposeIntegers: TensorRule = (call) => {
  const value = plainInput(call, 0);
  const axes = call.list("perm") ?? [];
  if (axes.length !== value.shape.length + 1 || axes[0] !== 0) {
    throw call.refusal(`moves axes to [${axes.join(", ")}], wanted the batch in front`);
  }
  return addStep(call, {
    operator: "Transpose",
    operands: [value, integers(axes)],
    outputs: [{ shape: axes.slice(1).map((axis) => value.shape[axis - 1]) }],
    reach: "all",
  });
};

/** Operations of tensors that can be steps of their own. */
const RULES: Readonly<Record<string, TensorRule>> = {
  ArgMax: place("ArgMax"),
  ArgMin: place("ArgMin"),
  Concat: concat,
  Expand: expand,
  Gather: gather,
  LogSoftmax: softmax("log_softmax"),
  MatMul: matrixProduct,
  Pad: pad,
  ReduceL1: reduction("Sum", "Abs"),
  ReduceL2: reduction("Sum", "Square", "Sqrt"),
  ReduceMax: reduction("Max"),
  ReduceMean: reduction("Mean"),
  ReduceMin: reduction("Min"),
  ReduceProd: reduction("Prod"),
  ReduceSum: reduction("Sum"),
  ReduceSumSquare: reduction("Sum", "Square"),
  Resize: overSeries(resizeMaps, FACTORS),
  Slice: slice,
  Softmax: softmax("softmax"),
  Split: split,
  Tile: (call) => repeat(call, plainInput(call, 0), Array.from(call.constant(1).values)),
  TopK: topK,
  Transpose: transposeIntegers,
  Upsample: overSeries(resizeMaps, FACTORS),
};

/** Operations of tensors that are steps of their own where no layer does them. */
export const tensorOperators: readonly string[] = Object.keys(RULES);

/**
 * Keeps a node that works on tensors as steps, behind which nothing is cut but where channels keep to themselves.
 *
 * @param call The node.
 * @returns What it makes; undefined where its operation is none of these.
 * @throws {InputError} When it cannot be one as it stands.
 */
export function importTensorStep(call: NodeCall): Feature | Feature[] | undefined {
  const rule = ownValue(RULES, call.operator);
  return rule && call.inputs.some((input) => input?.kind === "feature") ? rule(call) : undefined;
}
