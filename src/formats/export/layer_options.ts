import type { InputError } from "../../base/mod.ts";
import type { LayerCall } from "./layer_call.ts";

/** What can refuse a layer: a writer of some format. */
export interface LayerRefuser {
  /** The refusal of a layer: what was found in it, what was wanted, and what to do. */
  refusal(call: LayerCall, found: string): InputError;
}

/** A number among the options of a layer. */
export function numberOf({ config }: LayerCall, option: string, fallback: number): number {
  return Number(config[option] ?? fallback);
}

/** A pair of numbers from an option that is one number or two. */
export function pairOf(value: unknown, fallback: readonly [number, number]): [number, number] {
  if (value === undefined || value === null) return [...fallback];
  return Array.isArray(value) ? [value[0], value[1]] : [Number(value), Number(value)];
}

/** What is added or taken away at both ends of every axis of maps, from the option of padding or cropping. */
export function sidesOf(value: unknown): [number, number][] {
  const sides = Array.isArray(value) ? value : [value ?? 1, value ?? 1];
  return sides.map((side) => pairOf(side, [0, 0]));
}

/**
 * The shape of maps whose sides are moved.
 *
 * @param shape Rows, columns and channels.
 * @param sides Of rows and columns, by how much at either end.
 * @param sign 1 outward, −1 inward.
 * @returns The new shape.
 */
export function movedSides(
  shape: readonly (number | null)[],
  sides: readonly [number, number][],
  sign: number,
): (number | null)[] {
  const size = sides.map(([begin, end], axis) => {
    const extent = shape[axis];
    return extent === null ? null : extent + sign * (begin + end);
  });
  return [...size, shape[2]];
}

/** A layer's activation in lower case, without underscores; `linear` when it has none. */
export function activationOf({ config }: LayerCall): string {
  const given = config.activation ?? "linear";
  const name = typeof given === "string" ? given : (given as { class_name?: string }).class_name;
  return String(name).replaceAll("_", "").toLowerCase();
}

/** Refuses layers whose channels are not last. */
export function requireChannelsLast(writer: LayerRefuser, call: LayerCall): void {
  const format = call.config.data_format;
  if (format === "channels_first" || format === "channelsFirst") {
    throw writer.refusal(call, "has its channels first, wanted them last; build it so");
  }
}

/** Extents of a tensor, null where they are open. */
type Extents = readonly (number | null)[];

/**
 * Rows and columns that windows give.
 *
 * @param call The layer, which says how it pads.
 * @param input What it reads, of one image.
 * @param extents Rows and columns that a window spans.
 * @param strides Steps between windows.
 * @returns The sizes, null where they are open.
 */
export function countWindows(
  { config }: LayerCall,
  { shape }: { readonly shape: Extents },
  extents: readonly number[],
  strides: readonly number[],
): (number | null)[] {
  return extents.map((extent, axis) => {
    const from = shape[axis];
    if (from === null) return null;
    const places = config.padding === "same" ? from : from - extent + 1;
    return Math.ceil(places / strides[axis]);
  });
}

/** Windows of a pooling layer, and what they give. */
export interface PoolWindows {
  /** Rows and columns that a window spans. */
  readonly extents: [number, number];
  /** Steps between windows. */
  readonly strides: [number, number];
  /** Rows, columns and channels, null where they are open. */
  readonly shape: (number | null)[];
}

/**
 * The windows of a layer that pools.
 *
 * @param call The layer.
 * @param input What it reads, of one image.
 * @returns Its windows.
 */
export function windowsOfPool(
  call: LayerCall,
  input: { readonly shape: Extents },
): PoolWindows {
  const extents = pairOf(call.config.pool_size, [2, 2]);
  const strides = pairOf(call.config.strides, extents);
  const shape = [...countWindows(call, input, extents, strides), input.shape.at(-1)!];
  return { extents, strides, shape };
}

/** A product of two matrices for every image. */
export interface MatrixProduct {
  /** Whether the first, the second is to be transposed. */
  readonly turned: readonly [boolean, boolean];
  /** Rows and columns of the product, null where they are open. */
  readonly shape: (number | null)[];
}

/**
 * The product of matrices that a Dot layer is.
 *
 * @param writer What refuses it.
 * @param call The layer.
 * @param inputs The two that it reads, of one image.
 * @returns The product.
 * @throws {InputError} When it is no product of two matrices.
 */
export function readDot(
  writer: LayerRefuser,
  call: LayerCall,
  inputs: readonly { readonly shape: Extents }[],
): MatrixProduct {
  const given = [call.config.axes].flat().map(Number);
  const [first, second] = (given.length === 1 ? [given[0], given[0]] : given)
    .map((axis) => axis < 0 ? axis + 3 : axis);
  const areMatrices = inputs.length === 2 && inputs.every(({ shape }) => shape.length === 2);
  const areAxes = [first, second].every((axis) => axis === 1 || axis === 2);
  if (!areMatrices || !areAxes || call.config.normalize === true) {
    throw writer.refusal(
      call,
      `joins axes ${given.join(" and ")} of [N, ${
        inputs.map(({ shape }) => shape.join(", ")).join("] and [N, ")
      }], wanted a plain product of two matrices`,
    );
  }
  const [left, right] = inputs.map(({ shape }) => shape);
  return { turned: [first === 1, second === 2], shape: [left[2 - first], right[2 - second]] };
}

/**
 * Extents of what two tensors of the same rank give, of which extents of 1 are repeated.
 *
 * @param first Extents of the one.
 * @param second Extents of the other.
 * @returns The extents.
 */
export function broadcastPair(first: Extents, second: Extents): (number | null)[] {
  return first.map((extent, axis) => extent === 1 ? second[axis] : extent);
}
