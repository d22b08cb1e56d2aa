import {
  addCrop,
  addSelector,
  addThinning,
  addZeros,
  fromFront,
  listIndices,
  padColumns,
  type Pair,
} from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { axesInLayers, expandPieces, type Feature } from "../../values.ts";
import { addEdges } from "./edges.ts";
import { AXES, overSeries, PADS } from "./series.ts";

/** Pad with zeros: rows and columns, or channels, which a selector adds; rows and columns by what is at the edges too. */
function importPad(call: NodeCall): Feature {
  const value = call.anyMaps();
  const mode = call.text("mode", "constant");
  const fill = call.optionalConstant(2)?.values[0] ?? call.number("value", 0);
  const pads = readPads(call);
  const isUsable = pads.length === 8 && pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0);
  const isZero = mode === "constant" && fill === 0;
  const isEdge = mode === "reflect" || mode === "edge";
  if (!isZero && !isEdge || !isUsable || pads[0] + pads[4] > 0) {
    throw call.refusal(
      `pads [${pads.join(", ")}] with ${mode === "constant" ? fill : mode}, ` +
        `wanted zeros around channels, rows and columns, or reflect or edge around rows and columns`,
    );
  }
  const [rows, columns, channels] = axesInLayers(3, value.isLast)
    .map((axis): Pair => [pads[axis], pads[axis + 4]]);
  const isWider = channels[0] + channels[1] > 0;
  if (isWider && isEdge) {
    throw call.refusal(`pads channels with ${mode}, wanted zeros, or rows and columns`);
  }
  const wider = isWider
    ? addSelector(call, value, padColumns(call, call.channelsOf(value), ...channels), "channels")
    : value;
  if (isEdge) return addEdges(call, wider, [rows, columns], mode === "reflect");
  const windows = { begins: [rows[0], columns[0]], ends: [rows[1], columns[1]] } as const;
  return [...rows, ...columns].some((pad) => pad > 0) ? addZeros(call, wider, windows) : wider;
}

/** Values ahead of all four axes, then behind them; later opsets may list the axes meant. */
function readPads(call: NodeCall): number[] {
  const pads = Array.from(call.optionalConstant(1)?.values ?? call.list("pads") ?? []);
  const axes = call.optionalConstant(3)?.values;
  if (axes === undefined) return pads;
  const all = new Array<number>(8).fill(0);
  axes.forEach((given, place) => {
    const axis = fromFront(given, 4);
    all[axis] = pads[place];
    all[axis + 4] = pads[place + axes.length];
  });
  return all;
}

/** Gather of channels; one of flattened maps that puts them into the order of the layers costs nothing. */
function importGather(call: NodeCall): Feature {
  const value = call.feature();
  const { shape, values } = call.constant(1);
  const axis = call.number("axis", 0);
  const isOfChannels = call.layerAxis(value, axis) === value.shape.length - 1;
  const extent = call.channelsOf(value);
  const indices = Array.from(values, (index) => fromFront(index, extent));
  const isList = isOfChannels && shape.length === 1 &&
    indices.every((index) => index >= 0 && index < extent);
  if (isList && value.shape.length === 3) {
    return addSelector(call, call.anyMaps(), indices, "select");
  }
  const isOrder = isList && value.pieces !== undefined && indices.length === extent;
  const order = isOrder ? expandPieces(value.pieces!) : undefined;
  if (order?.every((position, index) => position === indices[index])) {
    return { ...value, pieces: undefined };
  }
  throw call.refusal(`picks along axis ${axis} of [N, ${value.shape.join(", ")}], wanted channels`);
}

/** Split: a selector for every part of the channels, Cropping2D for every part of rows or columns. */
function importSplit(call: NodeCall): Feature[] {
  const value = call.anyMaps();
  const axis = call.number("axis", 0);
  const layerAxis = call.layerAxis(value, axis);
  const extent = value.shape[fromFront(axis, 4) - 1];
  const count = call.number("num_outputs", call.node.outputs.length);
  const given = call.optionalConstant(1)?.values ?? call.list("split");
  const even = Math.ceil((extent ?? NaN) / count);
  const sizes = given
    ? Array.from(given)
    : Array.from({ length: count }, (_, part) => Math.min(even, extent! - part * even));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (layerAxis < 0 || total !== extent || !sizes.every((size) => size > 0)) {
    throw call.refusal(
      `cuts axis ${axis} of [N, ${value.shape.join(", ")}] into [${sizes.join(", ")}], ` +
        `wanted channels, rows or columns of a known size, all of them`,
    );
  }
  let start = 0;
  return sizes.map((size, part) => {
    const [from, to] = [start, start += size];
    if (layerAxis < 2) return addCrop(call, value, layerAxis, [from, to], `part${part + 1}`);
    return addSelector(call, value, listIndices(extent, from, to, 1), `part${part + 1}`);
  });
}

/** Slice: channels by a selector, rows and columns by Cropping2D, every s-th of them by pooling single values. */
function importSlice(call: NodeCall): Feature {
  const value = call.anyMaps();
  const read = (index: number, name: string) =>
    call.optionalConstant(index)?.values ?? call.list(name);
  const starts = read(1, "starts") ?? [], ends = read(2, "ends") ?? [];
  const axes = read(3, "axes"), steps = read(4, "steps");
  return Array.from(starts).reduce<Feature>((cut, start, place) => {
    const given = axes?.[place] ?? place;
    const axis = call.layerAxis(cut, given);
    const extent = axis < 0 ? null : cut.shape[fromFront(given, 4) - 1];
    const end = ends[place], step = steps?.[place] ?? 1;
    if (extent == null || Number.isNaN(start + end) || !(step >= 1) && axis !== 2) {
      throw call.refusal(
        `cuts axis ${given} from ${start} to ${end} in steps of ${step}, ` +
          `wanted channels, or rows and columns of a known size in steps of 1 and more`,
      );
    }
    if (axis === 2) {
      const indices = listIndices(extent, start, end, step);
      const isWhole = indices.length === extent && step === 1;
      return isWhole ? cut : addSelector(call, cut, indices, "channels");
    }
    const indices = listIndices(extent, start, end, 1);
    const first = indices[0] ?? 0;
    const kept = addCrop(call, cut, axis, [first, first + indices.length]);
    return step === 1 ? kept : addThinning(call, kept, axis, step);
  }, value);
}

/** Operations that pick values, repeat them or put zeros around them. */
export const pickingOperators: Readonly<Record<string, Operator>> = {
  Gather: overSeries(importGather, AXES),
  Pad: overSeries(importPad, PADS),
  Slice: overSeries(importSlice, AXES),
  Split: overSeries(importSplit, AXES),
};
