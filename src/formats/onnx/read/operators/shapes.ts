import { addSelector, countElements, fromFront } from "../../../import/mod.ts";
import { DATA_TYPES } from "../../messages.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature, FlatPiece } from "../../values.ts";

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
  const value = call.feature(0, true);
  const target = Array.from(call.constant(1).values);
  const shape = requireClosed(call, value);
  const count = countElements(shape);
  const [batch, ...rest] = target.map((extent, axis) =>
    extent === 0 && axis > 0 ? shape[axis - 1] : extent
  );
  const known = countElements(rest.filter((extent) => extent !== -1));
  const filled = rest.map((extent) => extent === -1 ? count / known : extent);
  const isBatch = Number.isNaN(batch) || batch === 0 || batch === -1 ||
    call.context.batches.has(batch);
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
  const isGrouping = from.length === 3 && shape.length === 4 && !value.isFlat;
  if (isGrouping && shape.slice(2).join() === from.slice(1).join()) return { ...value, shape };
  if (from.length === 4) return ungroup(call, value, shape);
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
  return given && Array.from(given, (axis) => fromFront(axis, rank));
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
  for (const axis of axes.map((given) => fromFront(given, rank)).sort()) {
    if (axis < 2 || axis > shape.length + 1) {
      throw call.refusal(`puts an axis at ${axis}, wanted it behind the channels`);
    }
    shape.splice(axis - 1, 0, 1);
  }
  return reshape(call, value, shape as number[]);
}

/** Groups become channels again, shuffled ones by a selector. */
function ungroup(call: NodeCall, value: Feature, shape: readonly number[]): Feature {
  const [groups, width, ...size] = value.shape as number[];
  if (shape.join() !== [groups * width, ...size].join()) {
    throw call.refusal(
      `turns [N, ${value.shape.join(", ")}] into [N, ${
        shape.join(", ")
      }], wanted the channels back`,
    );
  }
  const plain = { ...value, shape, isShuffled: false };
  if (!value.isShuffled) return plain;
  const columns = Array.from(
    { length: groups * width },
    (_, channel) => channel % width * groups + Math.floor(channel / width),
  );
  return addSelector(call, plain, columns);
}

function importTranspose(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const axes = call.list("perm");
  if (axes?.every((axis, index) => axis === index)) return value;
  if (value.shape.length === 4 && axes?.join() === "0,2,1,3,4") {
    const [groups, width, ...size] = value.shape;
    return { ...value, shape: [width, groups, ...size], isShuffled: !value.isShuffled };
  }
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
    size: size.slice(1),
    interpolation: "nearest",
    data_format: "channels_last",
  };
  const layer = call.addLayer("UpSampling2D", [call.maps()], config);
  return call.result(layer, value, { shape: size, isFlat: false });
}

/** `DataType` of floats among the targets of Cast. */
const FLOAT_TYPES = new Set<number>([DATA_TYPES.float, DATA_TYPES.float16, DATA_TYPES.double]);

function importCast(call: NodeCall): Feature {
  const type = call.number("to", 0);
  if (FLOAT_TYPES.has(type)) return call.feature();
  throw call.refusal(`rounds to type ${type}, wanted floats throughout`);
}

/** Operations on shapes. */
export const shapeOperators: Readonly<Record<string, Operator>> = {
  Flatten: importFlatten,
  Reshape: importReshape,
  Squeeze: importSqueeze,
  Unsqueeze: importUnsqueeze,
  Expand: importExpand,
  Transpose: importTranspose,
  Identity: (call) => call.feature(),
  Cast: importCast,
  CastLike: (call) => call.feature(),
};
