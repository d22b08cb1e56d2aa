import { fromFront } from "./constants.ts";
import type { Feature, ImportCall } from "./import_call.ts";

/** A pair of numbers for rows and columns. */
export type Pair = readonly [number, number];

/** Rows and columns of maps, null where they are open. */
export type MapSize = readonly (number | null)[];

/** Where a convolution or pooling looks: extents, steps and what is put around the maps. */
export interface Windows {
  /** Rows and columns of a window, dilation counted in. */
  readonly extents: Pair;
  /** Steps. */
  readonly strides: Pair;
  /** Zeros above and to the left; 0 where they are left to the layer. */
  readonly begins: Pair;
  /** Zeros below and to the right, likewise. */
  readonly ends: Pair;
  /** Rows and columns of the output. */
  readonly size: MapSize;
  /** Whether the padding depends on a size that is open, as that of the layers' `same` does. */
  readonly isLeftToLayer?: boolean;
}

/** Whether nothing is put around the maps. */
export function isUnpadded(
  { begins, ends, isLeftToLayer }: Pick<Windows, "begins" | "ends" | "isLeftToLayer">,
): boolean {
  return !isLeftToLayer && [...begins, ...ends].every((pad) => pad === 0);
}

/**
 * Whether the windows are those of the layers' `same` padding: as many outputs as ⌈size / stride⌉, the padding shared
 * out with the odd one at the end.
 *
 * @param windows The windows.
 * @param from Rows and columns of the maps they lie on.
 */
export function isSame(windows: Windows, from: MapSize): boolean {
  const { extents, strides, begins, ends, size, isLeftToLayer } = windows;
  return isLeftToLayer || [0, 1].every((axis) => {
    const length = from[axis], extent = extents[axis], stride = strides[axis];
    if (stride > 1 && length === null) return false;
    const count = length === null ? null : Math.ceil(length / stride);
    const total = length === null
      ? extent - 1
      : Math.max(0, (count! - 1) * stride + extent - length);
    const begin = Math.floor(total / 2);
    return size[axis] === count && begins[axis] === begin && ends[axis] === total - begin;
  });
}

/** The two axes of a shape without the batch that are rows and columns, in front of or behind the channels. */
function mapAxes({ channelAxis }: { channelAxis: number }): Pair {
  return channelAxis === 0 ? [1, 2] : [0, 1];
}

/** Rows and columns of maps. */
export function sizeOf<Tensor extends Feature>(call: ImportCall<Tensor>, value: Tensor): MapSize {
  return mapAxes(call).map((axis) => value.shape[axis]);
}

/** The shape of maps with other rows and columns, and as many channels unless they are given. */
export function resized<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  size: MapSize,
  channels = call.channelsOf(value),
): (number | null)[] {
  return call.channelAxis === 0 ? [channels, ...size] : [...size, channels];
}

/**
 * Puts zeros around maps.
 *
 * @param call The node.
 * @param value The maps.
 * @param pads Zeros above and below, left and right.
 * @param suffix Goes behind the node's name, if anything.
 * @returns The larger maps.
 */
export function addZeros<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  { begins, ends }: Pick<Windows, "begins" | "ends">,
  suffix?: string,
): Tensor {
  const padding = [0, 1].map((axis) => [begins[axis], ends[axis]]);
  const size = sizeOf(call, value).map((extent, axis) =>
    extent === null ? null : extent + begins[axis] + ends[axis]
  );
  const config = { padding, data_format: "channels_last" };
  const layer = call.addLayer("ZeroPadding2D", [value], config, {}, suffix);
  return call.result(layer, value, { shape: resized(call, value, size) });
}

/**
 * Makes windows those of a layer: its padding where that is `valid` or `same`, else zeros around the maps.
 *
 * @param call The node.
 * @param value The maps.
 * @param windows Where the windows lie.
 * @returns The maps that the layer reads, and its padding.
 */
export function padFor<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  windows: Windows,
): { source: Tensor; padding: "same" | "valid" } {
  if (isUnpadded(windows)) return { source: value, padding: "valid" };
  if (isSame(windows, sizeOf(call, value))) return { source: value, padding: "same" };
  return { source: addZeros(call, value, windows, "pad"), padding: "valid" };
}

/**
 * Some rows (axis 0) or columns (axis 1).
 *
 * @param call The node.
 * @param value The maps.
 * @param axis Which axis.
 * @param kept The first row or column that is kept, and the one behind the last.
 * @param suffix Goes behind the node's name.
 * @returns The smaller maps.
 */
export function addCrop<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  axis: number,
  [first, end]: Pair,
  suffix = axis === 0 ? "rows" : "columns",
): Tensor {
  const size = sizeOf(call, value);
  if (end - first === size[axis]) return value;
  const cropping = [[0, 0], [0, 0]].with(axis, [first, size[axis]! - end]);
  const config = { cropping, data_format: "channels_last" };
  const layer = call.addLayer("Cropping2D", [value], config, {}, suffix);
  const shape = resized(call, value, size.with(axis, end - first));
  return call.result(layer, value, { shape });
}

/**
 * Adds a layer that makes one value of all rows and columns.
 *
 * @param call The node.
 * @param value The maps.
 * @param isMaximum The largest value, instead of the mean.
 * @returns Name of the layer, whose tensor is a vector.
 */
export function addGlobalPool<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  isMaximum: boolean,
): string {
  const className = isMaximum ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D";
  return call.addLayer(className, [value], { data_format: "channels_last" });
}

/** Refuses a reduction over anything but rows and columns; axes count the batch, and from the end when negative. */
export function requireMapAxes(call: ImportCall<Feature>, given: readonly number[]): void {
  const wanted = mapAxes(call).map((axis) => axis + 1);
  const axes = given.map((axis) => fromFront(axis, 4)).sort();
  if (axes.join() === wanted.join()) return;
  throw call.refusal(
    `reduces axes [${given.join(", ")}], wanted rows and columns, [${wanted.join(", ")}]`,
  );
}

/** Every s-th row (axis 0) or column (axis 1), by pooling single values. */
export function addThinning<Tensor extends Feature>(
  call: ImportCall<Tensor>,
  value: Tensor,
  axis: number,
  step: number,
): Tensor {
  const strides = [1, 1].with(axis, step);
  const config = { pool_size: [1, 1], strides, padding: "valid", data_format: "channels_last" };
  const suffix = axis === 0 ? "every_row" : "every_column";
  const layer = call.addLayer("MaxPooling2D", [value], config, {}, suffix);
  const size = sizeOf(call, value);
  const shape = resized(call, value, size.with(axis, Math.ceil(size[axis]! / step)));
  return call.result(layer, value, { shape });
}

/**
 * Writes the holes of a dilated kernel as zeros, which is the same operation: the layers' depthwise convolution knows no
 * dilation, and TensorFlow.js none together with strides.
 *
 * @param values outer × rows × columns × inner numbers.
 * @param extents What these are.
 * @param dilations How far apart neighbors are to lie.
 * @param excess Rows and columns of zeros behind the others.
 * @returns outer × ((rows − 1) · dilation + 1 + excess) × … × inner numbers.
 */
export function spreadTaps(
  values: ArrayLike<number>,
  { outer, rows, columns, inner }: { outer: number; rows: number; columns: number; inner: number },
  dilations: Pair,
  excess: Pair = [0, 0],
): Float32Array<ArrayBuffer> {
  const height = (rows - 1) * dilations[0] + 1 + excess[0];
  const width = (columns - 1) * dilations[1] + 1 + excess[1];
  const spread = new Float32Array(outer * height * width * inner);
  for (let block = 0; block < outer; block++) {
    for (let tap = 0; tap < rows * columns; tap++) {
      const y = Math.floor(tap / columns) * dilations[0], x = tap % columns * dilations[1];
      const to = ((block * height + y) * width + x) * inner;
      const from = (block * rows * columns + tap) * inner;
      for (let i = 0; i < inner; i++) spread[to + i] = values[from + i];
    }
  }
  return spread;
}
