import {
  addCrop,
  addSelector,
  addThinning,
  addZeros,
  fromFront,
  listIndices,
  padColumns,
} from "../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { type AxisSlice, indicesOf, isWhole, readSlices, reshapeSliced } from "../slices.ts";
import type { Feature } from "../values.ts";
import { reshapeTo } from "./reshape.ts";
import { importResize } from "./resize.ts";

/** Some channels of maps or a vector, in any order. */
function pickChannels(
  call: NodeCall,
  value: Feature,
  columns: readonly number[],
  suffix: string,
): Feature {
  const [channels] = value.shape;
  if (!call.isVector(value)) return addSelector(call, value, columns, suffix);
  const maps = reshapeTo(call, value, [1, 1, channels], `${suffix}_maps`);
  const picked = addSelector(call, maps, columns, suffix);
  return reshapeTo(call, picked, [columns.length], `${suffix}_vector`);
}

/** The axis of channels, counted behind the batch; others are refused. */
function requireChannels(call: NodeCall, value: Feature, given: number, what: string): void {
  const rank = value.shape.length + 1;
  const axis = fromFront(given, rank);
  if (axis === rank - 1 && (rank === 4 || rank === 2)) return;
  throw call.refusal(`${what} axis ${given} of [N, ${value.shape.join(", ")}], wanted channels`);
}

/** Split and SplitV along the channels: a selector for every part. */
function importSplit(call: NodeCall): Feature[] {
  const isEven = call.operator === "Split";
  const value = call.feature(isEven ? 1 : 0);
  requireChannels(call, value, call.constant(isEven ? 0 : 2).values[0], "cuts");
  const channels = call.channelsOf(value);
  const sizes = isEven ? evenSizes(call, channels) : givenSizes(call, channels);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== channels || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw call.refusal(`cuts ${channels} channels into [${sizes.join(", ")}]`);
  }
  let start = 0;
  return sizes.map((size, part) => {
    const columns = listIndices(channels, start, start += size, 1);
    return pickChannels(call, value, columns, `part${part + 1}`);
  });
}

function evenSizes(call: NodeCall, channels: number): number[] {
  const count = call.number("num_split", 1);
  if (Number.isSafeInteger(count) && count >= 1 && channels % count === 0) {
    return new Array(count).fill(channels / count);
  }
  throw call.refusal(`cuts ${channels} channels into ${count} parts, wanted parts of one size`);
}

function givenSizes(call: NodeCall, channels: number): number[] {
  const sizes = Array.from(call.constant(1).values);
  const known = sizes.reduce((sum, size) => sum + (size === -1 ? 0 : size), 0);
  return sizes.map((size) => size === -1 ? channels - known : size);
}

/** Slice and StridedSlice: channels by a selector, rows and columns by cropping and thinning out. */
function importSlice(call: NodeCall): Feature {
  const value = call.feature();
  const plan = readSlices(call, value.shape.length + 1);
  const [batch, ...slices] = plan.slices;
  if (!isWhole(batch, null)) {
    throw call.refusal(`cuts the batch of [N, ${value.shape.join(", ")}], wanted it whole`);
  }
  const cut = slices.reduce<Feature>(
    (rest, slice, axis) => cutAxis(call, rest, axis, slice),
    value,
  );
  const [, ...shape] = reshapeSliced<number | null>(plan, [NaN, ...cut.shape], 1);
  if (plan.added.includes(0) || shape.length === 0) {
    throw call.refusal(
      `makes [N, ${cut.shape.join(", ")}] a tensor ${
        shape.length === 0 ? "without axes behind" : "with an axis ahead of"
      } the batch, wanted channels`,
    );
  }
  return reshapeTo(call, cut, shape, "shape");
}

function cutAxis(call: NodeCall, value: Feature, axis: number, slice: AxisSlice): Feature {
  const extent = value.shape[axis];
  if (isWhole(slice, extent)) return value;
  const isChannel = axis === value.shape.length - 1;
  const isUsable = extent !== null && (call.isVector(value) || value.shape.length === 3);
  if (!isUsable || !isChannel && slice.step < 1) {
    throw call.refusal(
      `cuts axis ${axis + 1} of [N, ${value.shape.join(", ")}] in steps of ${slice.step}, ` +
        `wanted channels, or rows and columns of a known size in steps of 1 and more`,
    );
  }
  const indices = indicesOf(slice, extent);
  if (indices.length === 0 || slice.isDropped && indices.length !== 1) {
    throw call.refusal(`takes nothing of axis ${axis + 1} of [N, ${value.shape.join(", ")}]`);
  }
  if (isChannel) return pickChannels(call, value, indices, "channels");
  const kept = addCrop(call, value, axis, [indices[0], indices.at(-1)! + 1]);
  return slice.step === 1 ? kept : addThinning(call, kept, axis, slice.step);
}

/** Gather of channels. */
function importGather(call: NodeCall): Feature {
  const value = call.feature();
  const { shape, values } = call.constant(1);
  requireChannels(call, value, call.optionalConstant(2)?.values[0] ?? 0, "picks along");
  const channels = call.channelsOf(value);
  const indices = Array.from(values);
  if (shape.length === 1 && indices.every((index) => index >= 0 && index < channels)) {
    return pickChannels(call, value, indices, "select");
  }
  throw call.refusal(
    `picks [${indices.join(", ")}] of ${channels} channels, wanted a list of them`,
  );
}

/** Pad and PadV2 with zeros: rows and columns, or channels, which a selector adds. */
function importPad(call: NodeCall): Feature {
  const value = call.maps();
  const pads = Array.from(call.constant(1).values);
  const fill = call.optionalConstant(2)?.values[0] ?? 0;
  const isUsable = pads.length === 8 && pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0);
  if (fill !== 0 || !isUsable || pads[0] + pads[1] > 0) {
    throw call.refusal(
      `pads [${pads.join(", ")}] with ${fill}, wanted zeros around rows, columns and channels`,
    );
  }
  const [, , top, bottom, left, right, ahead, behind] = pads;
  const wider = ahead + behind === 0 ? value : pickChannels(
    ...[call, value, padColumns(call, call.channelsOf(value), ahead, behind), "channels"] as const,
  );
  const windows = { begins: [top, left], ends: [bottom, right] } as const;
  return top + bottom + left + right === 0 ? wider : addZeros(call, wider, windows);
}

/** Operations that pick values, repeat them or put zeros around them. */
export const pickingOperators: Readonly<Record<string, Operator>> = {
  Gather: importGather,
  GatherV2: importGather,
  Pad: importPad,
  PadV2: importPad,
  MirrorPad: (call) => {
    throw call.refusal(`pads with a mirror image, which no layer does; pad with zeros`);
  },
  ResizeBilinear: importResize,
  ResizeNearestNeighbor: importResize,
  Slice: importSlice,
  Split: importSplit,
  SplitV: importSplit,
  StridedSlice: importSlice,
};
