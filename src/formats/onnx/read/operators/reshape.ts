import { addSelector, countElements } from "../../../import/mod.ts";
import type { NodeCall } from "../node_call.ts";
import { axesInLayers, type Feature, type FlatPiece, shapeInLayers } from "../../values.ts";

/** Axes behind the batch that TensorFlow.js moves about. */
const MOST_AXES = 5;

/**
 * A tensor of another shape: for nothing where the layers' tensor stays or only joins axes; by Reshape where the values keep
 * the order that they have in the layers; else by putting them into ONNX' order first, behind which nothing is cut.
 *
 * @param call The node.
 * @param value The tensor.
 * @param shape Its new shape, without the batch.
 * @param wantsFirst Whether the channels are to be first where values change places.
 * @returns The tensor of that shape.
 * @throws {InputError} When the new shape has too many axes.
 */
export function reshape(
  call: NodeCall,
  value: Feature,
  shape: readonly number[],
  wantsFirst = call.wantsFirst,
): Feature {
  const from = value.shape;
  if (shape.join() === from.join()) return value;
  const isFirst = !value.isLast && !value.isFlat;
  const isGrouping = isFirst && from.length === 3 && shape.length === 4;
  if (isGrouping && shape.slice(2).join() === from.slice(1).join()) return { ...value, shape };
  const isGrouped = from.length === 4 && !value.isLast;
  if (isGrouped && shape.join() === [from[0]! * from[1]!, ...from.slice(2)].join()) {
    return ungroup(call, value, shape);
  }
  if (Math.max(from.length, shape.length) > 3) {
    const plain = toPlain(call, value);
    if (shape.length === 1) return flatten(call, plain);
    if (!wantsFirst || shape.length !== 3) return addReshape(call, plain, { shape, isLast: true });
    return addPermute(call, addReshape(call, plain, { shape, isLast: true }, "first"), false);
  }
  if (shape.length === 1) return flatten(call, value);
  const isVector = value.isFlat && value.pieces === undefined;
  const isOne = (extents: readonly number[]) => extents.every((extent) => extent === 1);
  if (isVector && isOne(shape.slice(1))) return { ...value, shape, isLast: false };
  if (isVector && isOne(shape.slice(0, -1))) return { ...value, shape, isLast: true };
  if (isFirst && isOne(from.slice(1) as number[])) {
    return reshape(call, flatten(call, value), shape);
  }
  const [channels, ...size] = shape;
  const [piece] = value.pieces ?? [];
  const isUndone = value.pieces?.length === 1 && piece.channels === channels &&
    piece.positions === countElements(size);
  const keepsChannels = isFirst && from.length > 1 && from[0] === channels;
  if (isUndone || keepsChannels) {
    return addReshape(call, value, { shape, isLast: false, pieces: undefined });
  }
  const plain = inOnnxOrder(call, value);
  if (!wantsFirst || shape.length < 3) return addReshape(call, plain, { shape, isLast: true });
  return addPermute(call, addReshape(call, plain, { shape, isLast: true }, "first"), false);
}

type NewForm = Pick<Feature, "pieces"> & {
  readonly shape: readonly number[];
  readonly isLast: boolean;
};

function addReshape(call: NodeCall, value: Feature, form: NewForm, suffix?: string): Feature {
  if (form.shape.length > MOST_AXES) {
    throw call.refusal(
      `turns [N, ${value.shape.join(", ")}] into [N, ${form.shape.join(", ")}], ` +
        `wanted ${MOST_AXES} axes behind the batch at most`,
    );
  }
  const config = { target_shape: shapeInLayers({ ...value, ...form }) };
  const layer = call.addLayer("Reshape", [value], config, {}, suffix);
  return call.result(layer, value, { isFlat: false, ...form });
}

/**
 * The same tensor of ONNX with its axes, or the values of a flat one, in the layers as they are there.
 *
 * @param call The node.
 * @param value The tensor.
 * @returns The same behind a Permute, where there is a need.
 * @throws {InputError} When it is made of several flattened maps.
 */
export function inOnnxOrder(call: NodeCall, value: Feature): Feature {
  if (value.shape.length > 1) {
    return value.isFlat || value.isLast ? value : addPermute(call, value, true);
  }
  if (value.pieces === undefined) return value;
  const [{ channels, positions }] = value.pieces;
  if (value.pieces.length > 1) {
    throw call.refusal(
      `takes a vector of several flattened maps apart, wanted a linear layer behind it; ` +
        `change the maps before they are flattened`,
    );
  }
  const shape = [channels, positions];
  const maps = addReshape(call, value, { shape, isLast: false, pieces: undefined }, "maps");
  return flatten(call, addPermute(call, maps, true));
}

/**
 * The tensor with as many axes in the layers as in ONNX, and in their order there.
 *
 * @param call The node.
 * @param value The tensor; its channels may stand in groups.
 * @returns The same behind Permute and Reshape, where there is a need.
 * @throws {InputError} As {@link inOnnxOrder}.
 */
export function toPlain(call: NodeCall, value: Feature): Feature {
  if (value.shape.length !== 4 || value.isLast) return inOnnxOrder(call, call.unflatten(value));
  const { isShuffled = false } = value;
  const [first, second, ...size] = requireClosed(call, value);
  const shape = isShuffled ? [second, first, ...size] : [first, second, ...size];
  const maps = { ...value, shape: [first * second, ...size], isShuffled: false };
  const plain = inOnnxOrder(call, maps);
  const grouped = addReshape(call, plain, { shape, isLast: true }, "groups");
  return isShuffled ? permute(call, grouped, [0, 2, 1, 3, 4], "shuffled") : grouped;
}

/**
 * A tensor with its axes in another order, in the layers as in ONNX.
 *
 * @param call The node.
 * @param value A tensor whose axes the layers have in the order of ONNX.
 * @param axes Axis i of the result is axis `axes[i]`, the batch being 0.
 * @param suffix What the layer is named after, behind the node.
 */
export function permute(
  call: NodeCall,
  value: Feature,
  axes: readonly number[],
  suffix?: string,
): Feature {
  const layer = call.addLayer("Permute", [value], { dims: axes.slice(1) }, {}, suffix);
  const shape = axes.slice(1).map((axis) => value.shape[axis - 1]);
  return call.result(layer, value, { shape });
}

/** A tensor whose channels are last, with its channels first. */
export function turnFirst(call: NodeCall, value: Feature): Feature {
  return addPermute(call, value, false);
}

/** Moves the channels of the layers' tensor, so that it has them last in ONNX too, or first. */
function addPermute(call: NodeCall, value: Feature, isLast: boolean): Feature {
  const from = axesInLayers(value.shape.length, value.isLast);
  const dims = axesInLayers(value.shape.length, isLast).map((axis) => from.indexOf(axis) + 1);
  const layer = call.addLayer("Permute", [value], { dims }, {}, isLast ? "last" : "first");
  return { ...call.result(layer, value), isLast, isTurned: isLast };
}

/** Groups become channels again, shuffled ones by a selector. */
function ungroup(call: NodeCall, value: Feature, shape: readonly number[]): Feature {
  const [groups, width] = value.shape as number[];
  const plain = { ...value, shape, isShuffled: false };
  if (!value.isShuffled) return plain;
  const columns = Array.from(
    { length: groups * width },
    (_, channel) => channel % width * groups + Math.floor(channel / width),
  );
  return addSelector(call, plain, columns);
}

/**
 * All axes in one; the order of the values is remembered.
 *
 * @param call The node.
 * @param value The tensor.
 * @throws {InputError} When its size is open.
 */
export function flatten(call: NodeCall, value: Feature): Feature {
  if (value.shape.length === 1) return value;
  const shape = requireClosed(call, value);
  const count = countElements(shape);
  if (value.isFlat) return { ...value, shape: [count], isLast: false };
  const positions = count / shape[0];
  const pieces: FlatPiece[] | undefined = positions === 1 || value.isLast
    ? undefined
    : [{ channels: shape[0], positions }];
  const layer = call.addLayer("Flatten", [value], { data_format: "channels_last" });
  return call.result(layer, value, { shape: [count], isFlat: true, isLast: false, pieces });
}

/** The shape of a tensor, all of whose extents must be known. */
export function requireClosed(call: NodeCall, { shape }: Feature): number[] {
  if (!shape.includes(null)) return shape as number[];
  throw call.refusal(
    `flattens maps whose rows or columns are open; export the model with a fixed image size`,
  );
}
