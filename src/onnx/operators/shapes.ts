import type { NodeCall, Operator } from "../node_call.ts";
import { countElements, expandPieces, type Feature, type FlatPiece } from "../values.ts";
import { addSelector } from "./affine.ts";
import { addZeros } from "./windows.ts";

/** Rows, columns and channels in one axis; the order of the values is remembered. */
function flatten(call: NodeCall, value: Feature): Feature {
  if (value.shape.length === 1) return value;
  const shape = requireClosed(call, value);
  const count = countElements(shape);
  if (value.isFlat) return { ...value, shape: [count] };
  const positions = count / shape[0];
  const pieces: FlatPiece[] | undefined = positions === 1
    ? undefined
    : [{ channels: shape[0], positions }];
  const layer = call.addLayer("Flatten", [value], { data_format: "channels_last" });
  return call.result(layer, value, { shape: [count], isFlat: true, pieces });
}

function requireClosed(call: NodeCall, { shape }: Feature): number[] {
  if (!shape.includes(null)) return shape as number[];
  throw call.refusal(
    `flattens maps whose rows or columns are open; export the model with a fixed image size`,
  );
}

function importFlatten(call: NodeCall): Feature {
  const value = call.feature();
  const axis = call.number("axis", 1);
  const isFromChannels = axis === 1 || axis === -value.shape.length;
  if (isFromChannels) return flatten(call, value);
  throw call.refusal(`starts at axis ${axis}, wanted 1; keep the batch apart`);
}

/** Reshape of a tensor, as long as no value has to change places. */
function importReshape(call: NodeCall): Feature {
  const value = call.feature();
  const target = Array.from(call.constant(1).values);
  const shape = requireClosed(call, value);
  const count = countElements(shape);
  const [batch, ...rest] = target.map((extent, axis) =>
    extent === 0 && axis > 0 ? shape[axis - 1] : extent
  );
  const known = countElements(rest.filter((extent) => extent !== -1));
  const filled = rest.map((extent) => extent === -1 ? count / known : extent);
  const isBatch = Number.isNaN(batch) || batch === 0 || batch === -1 || batch === 1;
  if (!isBatch || countElements(filled) !== count) {
    throw call.refusal(
      `turns [N, ${shape.join(", ")}] into [${target.map(describeExtent).join(", ")}], ` +
        `wanted the batch to stay as it is; export with x.flatten(1)`,
    );
  }
  return reshape(call, value, filled);
}

function describeExtent(extent: number): string {
  return Number.isNaN(extent) ? "N" : String(extent);
}

function reshape(call: NodeCall, value: Feature, shape: readonly number[]): Feature {
  const from = value.shape;
  if (shape.join() === from.join()) return value;
  if (shape.length === 1) return flatten(call, value);
  const isVector = value.isFlat && shape.slice(1).every((extent) => extent === 1);
  if (isVector && value.pieces === undefined) return { ...value, shape };
  if (shape.slice(1).every((extent) => extent === 1) && shape.length < from.length) {
    return reshape(call, flatten(call, value), shape);
  }
  const [channels, height, width] = shape;
  const pieces = value.pieces ?? [];
  const isUndone = shape.length === 3 && pieces.length === 1 &&
    pieces[0].channels === channels && pieces[0].positions === height * width;
  if (!isUndone) {
    throw call.refusal(
      `turns [N, ${from.join(", ")}] into [N, ${shape.join(", ")}], which moves values between ` +
        `channels and positions; only flattening before a linear layer is read`,
    );
  }
  const config = { target_shape: [height, width, channels] };
  const layer = call.addLayer("Reshape", [value], config);
  return call.result(layer, value, { shape, isFlat: false, pieces: undefined });
}

function listAxes(call: NodeCall, rank: number): number[] | undefined {
  const given = call.optionalConstant(1)?.values ?? call.list("axes");
  return given && Array.from(given, (axis) => axis < 0 ? axis + rank : axis);
}

/** Squeeze of rows and columns that are one. */
function importSqueeze(call: NodeCall): Feature {
  const value = call.feature();
  const axes = listAxes(call, value.shape.length + 1);
  const isGone = (axis: number) => axes ? axes.includes(axis + 1) : value.shape[axis] === 1;
  const gone = value.shape.filter((_, axis) => isGone(axis));
  if (axes?.includes(0) || isGone(0) || gone.some((extent) => extent !== 1)) {
    throw call.refusal(
      `takes axes ${axes?.join(", ") ?? "of 1"} out of [N, ${value.shape.join(", ")}], ` +
        `wanted rows and columns of 1`,
    );
  }
  const shape = value.shape.filter((_, axis) => !isGone(axis)) as number[];
  return reshape(call, value, shape);
}

/** Unsqueeze behind the channels. */
function importUnsqueeze(call: NodeCall): Feature {
  const value = call.feature();
  const axes = listAxes(call, 0) ?? [];
  const rank = value.shape.length + 1 + axes.length;
  const shape = [...value.shape];
  for (const axis of axes.map((given) => given < 0 ? given + rank : given).sort()) {
    if (axis < 2 || axis > shape.length + 1) {
      throw call.refusal(`puts an axis at ${axis}, wanted it behind the channels`);
    }
    shape.splice(axis - 1, 0, 1);
  }
  return reshape(call, value, shape as number[]);
}

/** Pad with zeros: rows and columns, or channels, which a selector adds. */
function importPad(call: NodeCall): Feature {
  const value = call.maps();
  const mode = call.text("mode", "constant");
  const fill = call.optionalConstant(2)?.values[0] ?? call.number("value", 0);
  const pads = Array.from(call.optionalConstant(1)?.values ?? call.list("pads") ?? []);
  if (call.inputs[3] !== undefined) throw call.refusal(`lists axes, wanted pads of all four axes`);
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

function padColumns(call: NodeCall, channels: number, ahead: number, behind: number): number[] {
  call.requireModest(ahead + channels + behind, "channels");
  return Array.from(
    { length: ahead + channels + behind },
    (_, column) => column < ahead || column >= ahead + channels ? -1 : column - ahead,
  );
}

function importTranspose(call: NodeCall): Feature {
  const value = call.feature();
  const axes = call.list("perm");
  if (axes?.every((axis, index) => axis === index)) return value;
  throw call.refusal(
    `moves axes to [${axes?.join(", ")}], wanted batch, channels, rows, columns throughout; ` +
      `export the model with its channels first`,
  );
}

/** Expand of vectors to maps of one value, such as the gate of squeeze-and-excite. */
function importExpand(call: NodeCall): Feature {
  const value = call.feature();
  const [, ...target] = call.constant(1).values;
  const isFitting = target.length === value.shape.length &&
    target.every((extent, axis) => extent === 1 || extent === value.shape[axis] || axis > 0);
  const size = value.shape.map((extent, axis) => target[axis] === 1 ? extent : target[axis]);
  if (isFitting && size.join() === value.shape.join()) return value;
  const isGate = value.shape.slice(1).every((extent) => extent === 1);
  if (!isFitting || !isGate || size.some((extent) => Number.isNaN(extent))) {
    throw call.refusal(
      `widens [N, ${value.shape.join(", ")}] to [N, ${target.join(", ")}], ` +
        `wanted maps of one value and a fixed size; multiply without expand()`,
    );
  }
  const config = {
    ...{ size: size.slice(1), interpolation: "nearest", data_format: "channels_last" },
  };
  const layer = call.addLayer("UpSampling2D", [call.maps()], config);
  return call.result(layer, value, { shape: size, isFlat: false });
}

/** Resize and Upsample by whole factors, from the upper left corner: nearest neighbours or linear. */
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
  if (!isWhole || !isNearest && !isLinear) {
    throw call.refusal(
      `resizes by [${factors.join(", ")}] (${mode}, ${place}), wanted whole factors and nearest, ` +
        `asymmetric; use torch.nn.Upsample(scale_factor=2)`,
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
  const indices = Array.from(values, (index) => index < 0 ? index + extent : index);
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

/** Operations on shapes. */
export const shapeOperators: Readonly<Record<string, Operator>> = {
  Flatten: importFlatten,
  Reshape: importReshape,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
  Pad: importPad,
  Expand: importExpand,
  Gather: importGather,
  Resize: importResize,
  Upsample: importResize,
  Transpose: importTranspose,
  Identity: (call) => call.feature(),
  Cast: (call) => call.feature(),
};
