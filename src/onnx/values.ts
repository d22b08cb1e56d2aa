/**
 * What the tensors of an ONNX graph are while it is read.
 *
 * @module
 */

/** Numbers known before the network runs; NaN stands for an extent that is open, such as the batch. */
export interface Constant {
  readonly kind: "constant";
  /** Extent of every axis; empty for a scalar. */
  readonly shape: readonly number[];
  /** Elements in row-major order: f64 for integers, f32 for everything else. */
  readonly values: Float32Array | Float64Array;
}

/**
 * A piece of a flattened tensor: `channels` × `positions` values. ONNX has the positions of a channel side by side, the
 * layers have the channels of a position side by side:
 *
 *     ONNX    c0p0 c0p1 c0p2 c1p0 c1p1 c1p2
 *     layers  c0p0 c1p0 c0p1 c1p1 c0p2 c1p2
 */
export interface FlatPiece {
  readonly channels: number;
  readonly positions: number;
}

/** A tensor that the network computes. */
export interface Feature {
  readonly kind: "feature";
  /** Name of the layer that makes it. */
  readonly layer: string;
  /**
   * ONNX shape without the batch: C × H × W, or F; null where it is open. G × C/G × H × W while channels stand in groups
   * on their way to being shuffled.
   */
  readonly shape: readonly (number | null)[];
  /** Whether the layer's tensor has one axis only; C × 1 × 1 is one axis of C then. */
  readonly isFlat: boolean;
  /** Whether no value can be below zero. */
  readonly nonNegative: boolean;
  /** Whether more than one node reads it, under whichever name. */
  readonly isShared: boolean;
  /** Whether the groups of channels and the channels of a group have changed places, and not yet in the layers. */
  readonly isShuffled?: boolean;
  /** Pieces of a flat tensor whose values stand in another order than in ONNX. */
  readonly pieces?: readonly FlatPiece[];
}

/** A tensor of the graph. */
export type Value = Constant | Feature;

/**
 * The ONNX position of every value of a flat tensor.
 *
 * @param pieces Its pieces, one behind the other.
 * @returns Positions by place in the layers' tensor.
 */
export function expandPieces(pieces: readonly FlatPiece[]): Int32Array {
  const order = new Int32Array(pieces.reduce((sum, piece) => sum + countValues(piece), 0));
  let start = 0;
  for (const { channels, positions } of pieces) {
    for (let position = 0; position < positions; position++) {
      for (let c = 0; c < channels; c++) {
        order[start + position * channels + c] = start + c * positions + position;
      }
    }
    start += channels * positions;
  }
  return order;
}

function countValues({ channels, positions }: FlatPiece): number {
  return channels * positions;
}

/** Product of extents. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Indices of an axis from `start` up to `end`, which count from its end when they are negative. */
export function listIndices(extent: number, start: number, end: number, step: number): number[] {
  const low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  const clamp = (index: number) =>
    Math.min(high, Math.max(low, index < 0 ? index + extent : index));
  const [from, to] = [clamp(start), clamp(end)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  return Array.from({ length: step === 0 ? 0 : count }, (_, index) => from + index * step);
}

/** A constant of integers. */
export function integers(values: readonly number[], shape?: readonly number[]): Constant {
  return { kind: "constant", shape: shape ?? [values.length], values: Float64Array.from(values) };
}

/** A constant of floats. */
export function floats(values: readonly number[], shape?: readonly number[]): Constant {
  return { kind: "constant", shape: shape ?? [values.length], values: Float32Array.from(values) };
}

/** Whether a constant holds integers. */
export function holdsIntegers({ values }: Constant): boolean {
  return values instanceof Float64Array;
}
