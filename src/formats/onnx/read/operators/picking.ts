import {
  addCrop,
  addSelector,
  addThinning,
  addZeros,
  fromFront,
  listIndices,
  padColumns,
} from "../../../import/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { expandPieces, type Feature } from "../../values.ts";

/** Pad with zeros: rows and columns, or channels, which a selector adds. */
function importPad(call: NodeCall): Feature {
  const value = call.maps();
  const mode = call.text("mode", "constant");
  const fill = call.optionalConstant(2)?.values[0] ?? call.number("value", 0);
  const pads = readPads(call);
  const isUsable = pads.length === 8 && pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0);
  if (mode !== "constant" || fill !== 0 || !isUsable || pads[0] + pads[4] > 0) {
    throw call.refusal(
      `pads [${pads.join(", ")}] with ${mode === "constant" ? fill : mode}, ` +
        `wanted zeros around channels, rows and columns`,
    );
  }
  const [, channelsAhead, top, left, , channelsBehind, bottom, right] = pads;
  const columns = channelsAhead + channelsBehind === 0
    ? undefined
    : padColumns(call, value.shape[0], channelsAhead, channelsBehind);
  const wider = columns ? addSelector(call, value, columns, "channels") : value;
  const windows = { begins: [top, left], ends: [bottom, right] } as const;
  return top + left + bottom + right === 0 ? wider : addZeros(call, wider, windows);
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

/** Resize and Upsample by whole factors, from the upper left corner: nearest neighbors or linear. */
function importResize(call: NodeCall): Feature {
  const value = call.maps();
  const mode = call.text("mode", "nearest");
  const isUpsample = call.node.operator === "Upsample";
  const place = call.text(
    "coordinate_transformation_mode",
    isUpsample ? "asymmetric" : "half_pixel",
  );
  const rounding = call.text("nearest_mode", isUpsample ? "floor" : "round_prefer_floor");
  const factors = readFactors(call, value);
  const isWhole = factors.every((factor) => Number.isSafeInteger(factor) && factor >= 1);
  const isNearest = mode === "nearest" && place === "asymmetric" && rounding === "floor";
  const isLinear = mode === "linear" && place === "asymmetric";
  if (!factors.every((factor) => Number.isFinite(factor))) {
    throw call.refusal(
      "resizes to a size that only running the network tells, wanted constant factors or sizes; " +
        "export it with a fixed image size, or run onnxsim over it",
    );
  }
  if (!isWhole) {
    throw call.refusal(
      `resizes by [${
        factors.join(", ")
      }], wanted whole factors of 1 or more; resize by such factors`,
    );
  }
  if (!isNearest && !isLinear) {
    const found = mode === "nearest" ? `${mode}, ${place}, ${rounding}` : `${mode}, ${place}`;
    throw call.refusal(
      `resizes by the method "${found}", wanted "nearest, asymmetric, floor" or "linear, asymmetric"; ` +
        'use torch.nn.Upsample(scale_factor=2, mode="nearest")',
    );
  }
  const interpolation = isNearest ? "nearest" : "bilinear";
  const config = { size: factors, interpolation, data_format: "channels_last" };
  const size = factors.map((factor, axis) => {
    const extent = value.shape[1 + axis];
    return extent === null ? null : extent * factor;
  });
  const layer = call.addLayer("UpSampling2D", [value], config);
  return call.result(layer, value, { shape: [value.shape[0], ...size] });
}

/** Factors of rows and columns, from the scales or the sizes. */
function readFactors(call: NodeCall, value: Feature): number[] {
  const isUpsample = call.node.operator === "Upsample";
  const scales = call.optionalConstant(isUpsample ? 1 : 2)?.values;
  if (scales?.length === 4 && scales[0] === 1 && scales[1] === 1) {
    return Array.from(scales.slice(2));
  }
  const sizes = call.optionalConstant(3)?.values;
  return [0, 1].map((axis) => (sizes?.[2 + axis] ?? NaN) / (value.shape[1 + axis] ?? NaN));
}

/** Gather of channels; one of flattened maps that puts them into the order of the layers costs nothing. */
function importGather(call: NodeCall): Feature {
  const value = call.feature();
  const { shape, values } = call.constant(1);
  const axis = call.number("axis", 0);
  const extent = value.shape[0]!;
  const indices = Array.from(values, (index) => fromFront(index, extent));
  const isList = shape.length === 1 && indices.every((index) => index >= 0 && index < extent);
  if (axis === 1 && isList && value.shape.length === 3) {
    return addSelector(call, call.maps(), indices, "select");
  }
  const isOrder = axis === 1 && value.pieces !== undefined && indices.length === extent;
  const order = isOrder ? expandPieces(value.pieces!) : undefined;
  if (order?.every((position, index) => position === indices[index])) {
    return { ...value, pieces: undefined };
  }
  throw call.refusal(`picks along axis ${axis} of [N, ${value.shape.join(", ")}], wanted channels`);
}

/** Split along the channels: a selector for every part. */
function importSplit(call: NodeCall): Feature[] {
  const value = call.maps();
  const axis = call.number("axis", 0);
  const count = call.node.outputs.length;
  const even = Math.ceil(value.shape[0] / count);
  const given = call.optionalConstant(1)?.values ?? call.list("split");
  const sizes = given
    ? Array.from(given)
    : Array.from({ length: count }, (_, part) => Math.min(even, value.shape[0] - part * even));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (axis !== 1 && axis !== -3 || total !== value.shape[0] || !sizes.every((size) => size > 0)) {
    throw call.refusal(
      `cuts axis ${axis} into [${sizes.join(", ")}], wanted channels, ${value.shape[0]} in all`,
    );
  }
  let start = 0;
  return sizes.map((size, part) => {
    const columns = listIndices(value.shape[0], start, start += size, 1);
    return addSelector(call, value, columns, `part${part + 1}`);
  });
}

/** Slice: channels by a selector, rows and columns by Cropping2D, every s-th of them by pooling single values. */
function importSlice(call: NodeCall): Feature {
  const value = call.maps();
  const read = (index: number, name: string) =>
    call.optionalConstant(index)?.values ?? call.list(name);
  const starts = read(1, "starts") ?? [], ends = read(2, "ends") ?? [];
  const axes = read(3, "axes"), steps = read(4, "steps");
  return Array.from(starts).reduce<Feature>((cut, start, place) => {
    const given = axes?.[place] ?? place;
    const axis = fromFront(given, 4);
    const extent = axis === 0 ? null : cut.shape[axis - 1];
    const end = ends[place], step = steps?.[place] ?? 1;
    if (extent == null || Number.isNaN(start + end) || !(step >= 1) && axis !== 1) {
      throw call.refusal(
        `cuts axis ${axis} from ${start} to ${end} in steps of ${step}, ` +
          `wanted channels, or rows and columns of a known size in steps of 1 and more`,
      );
    }
    if (axis === 1) {
      const indices = listIndices(extent, start, end, step);
      const isWhole = indices.length === extent && step === 1;
      return isWhole ? cut : addSelector(call, cut, indices, "channels");
    }
    const indices = listIndices(extent, start, end, 1);
    const first = indices[0] ?? 0;
    const kept = addCrop(call, cut, axis - 2, [first, first + indices.length]);
    return step === 1 ? kept : addThinning(call, kept, axis - 2, step);
  }, value);
}

/** Operations that pick values, repeat them or put zeros around them. */
export const pickingOperators: Readonly<Record<string, Operator>> = {
  Gather: importGather,
  Pad: importPad,
  Resize: importResize,
  Slice: importSlice,
  Split: importSplit,
  Upsample: importResize,
};
