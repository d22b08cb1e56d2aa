import { countElements, fromFront, holdsIntegers } from "../../../import/mod.ts";
import { DATA_TYPES } from "../../messages.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import { axesInLayers, type Feature } from "../../values.ts";
import { flatten, permute, requireClosed, reshape, toPlain } from "./reshape.ts";

function importFlatten(call: NodeCall): Feature {
  const value = call.feature();
  const axis = call.number("axis", 1);
  if (axis === 1 || axis === -value.shape.length) return flatten(call, value);
  throw call.refusal(`starts at axis ${axis}, wanted 1; keep the batch apart`);
}

/** Reshape of a tensor, as long as no value has to change places. */
function importReshape(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const target = Array.from(call.constant(1).values);
  if (call.number("allowzero", 0) !== 0 && target.includes(0)) {
    throw call.refusal(`makes an axis of nothing (allowzero), wanted extents of 1 and more`);
  }
  const shape = requireClosed(call, value);
  const count = countElements(shape);
  const [batch, ...rest] = target.map((extent, axis) =>
    extent === 0 && axis > 0 ? shape[axis - 1] : extent
  );
  const known = countElements(rest.filter((extent) => extent !== -1));
  const filled = rest.map((extent) => extent === -1 ? count / known : extent);
  const isBatch = batch === 0 || batch === -1 || isOpenBatch(call, batch);
  if (!isBatch || countElements(filled) !== count) {
    throw call.refusal(
      `turns [N, ${shape.join(", ")}] into [${target.map(describeExtent).join(", ")}], ` +
        `wanted the batch to stay as it is; export with x.flatten(1)`,
    );
  }
  return reshape(call, value, filled);
}

/** Whether an extent stands for the batch: open, one, or as many images as an input declares. */
function isOpenBatch({ context }: NodeCall, extent: number): boolean {
  return Number.isNaN(extent) || context.batches.has(extent);
}

function describeExtent(extent: number): string {
  return Number.isNaN(extent) ? "N" : String(extent);
}

function listAxes(call: NodeCall, rank: number): number[] | undefined {
  const given = call.optionalConstant(1)?.values ?? call.list("axes");
  return given && Array.from(given, (axis) => fromFront(axis, rank));
}

/** Squeeze of axes that are one; without a list of them of all, of which the batch must not be one. */
function importSqueeze(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const axes = listAxes(call, value.shape.length + 1);
  const isGone = (axis: number) => axes ? axes.includes(axis + 1) : value.shape[axis] === 1;
  const gone = value.shape.filter((_, axis) => isGone(axis));
  const takesBatch = axes ? axes.includes(0) : call.context.isSingle;
  const isKnown = axes === undefined || axes.length === gone.length;
  if (takesBatch || !isKnown || gone.some((extent) => extent !== 1)) {
    throw call.refusal(
      `takes axes ${axes?.join(", ") ?? "of 1"} out of [N, ${value.shape.join(", ")}], ` +
        `wanted axes of 1 behind the batch, by their numbers`,
    );
  }
  const shape = value.shape.filter((_, axis) => !isGone(axis)) as number[];
  return reshape(call, value, shape);
}

/** Unsqueeze behind the batch. */
function importUnsqueeze(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const given = listAxes(call, 0) ?? [];
  const rank = value.shape.length + 1 + given.length;
  const axes = given.map((axis) => fromFront(axis, rank)).sort((first, second) => first - second);
  const shape = axes.reduce((all, axis) => all.toSpliced(axis - 1, 0, 1), [...value.shape]);
  if (axes.some((axis) => !(axis >= 1 && axis < rank))) {
    throw call.refusal(`puts an axis at ${given.join(", ")}, wanted it behind the batch`);
  }
  return reshape(call, value, shape as number[]);
}

/**
 * Transpose: nothing where the layers' tensor stays as it is, the channels going from first to last in ONNX alone, or where
 * groups of channels and the channels of a group change places; else Permute.
 */
function importTranspose(call: NodeCall): Feature {
  const value = call.feature(0, true);
  const rank = value.shape.length;
  const axes = call.list("perm") ?? Array.from({ length: rank + 1 }, (_, axis) => rank - axis);
  if (axes.every((axis, index) => axis === index)) return value;
  if (rank === 4 && !value.isLast && axes.join() === "0,2,1,3,4") {
    const [groups, width, ...size] = value.shape;
    return { ...value, shape: [width, groups, ...size], isShuffled: !value.isShuffled };
  }
  const isOrder = axes.length === rank + 1 && axes[0] === 0 &&
    axes.toSorted((first, second) => first - second).every((axis, index) => axis === index);
  if (!isOrder) {
    throw call.refusal(
      `moves the axes of [N, ${value.shape.join(", ")}] to [${axes.join(", ")}], ` +
        `wanted the batch ahead of channels, rows and columns`,
    );
  }
  if (rank > 3) return permute(call, toPlain(call, value), axes);
  const shape = axes.slice(1).map((axis) => value.shape[axis - 1]);
  if (value.isFlat) {
    const isLast = shape.slice(0, -1).every((extent) => extent === 1);
    if (isLast || shape.slice(1).every((extent) => extent === 1)) {
      return { ...value, shape, isLast };
    }
  }
  return moveAxes(call, call.unflatten(value), axes, shape);
}

function moveAxes(
  call: NodeCall,
  value: Feature,
  axes: readonly number[],
  shape: readonly (number | null)[],
): Feature {
  const from = axesInLayers(shape.length, value.isLast);
  const listDims = (isLast: boolean) =>
    axesInLayers(shape.length, isLast).map((axis) => from.indexOf(axes[axis]) + 1);
  const stays = (dims: readonly number[]) => dims.every((axis, index) => axis === index + 1);
  const layouts = [true, false];
  const free = layouts.find((isLast) => stays(listDims(isLast)));
  if (free !== undefined) return { ...value, shape, isLast: free };
  const keepsChannels = (isLast: boolean) => listDims(isLast).at(-1) === shape.length;
  const isLast = layouts.find(keepsChannels) ?? !call.wantsFirst;
  const layer = call.addLayer("Permute", [value], { dims: listDims(isLast) });
  return call.result(layer, value, { shape, isLast });
}

/** Expand of vectors to maps of one value, such as the gate of squeeze-and-excite. */
function importExpand(call: NodeCall): Feature {
  const value = call.feature();
  const [batch, ...target] = call.constant(1).values;
  const isFitting = isOpenBatch(call, batch) && target.length === value.shape.length &&
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
  if (FLOAT_TYPES.has(type)) return { ...call.feature(), isInteger: false };
  throw call.refusal(`rounds to type ${type}, wanted floats throughout`);
}

/** CastLike to the type of floats. */
function importCastLike(call: NodeCall): Feature {
  const type = call.inputs[1];
  if (type?.kind === "constant" && holdsIntegers(type)) {
    throw call.refusal(`rounds to integers, wanted floats throughout`);
  }
  return { ...call.feature(), isInteger: false };
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
  CastLike: importCastLike,
};
