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
  /** Elements in row-major order. */
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
  /** ONNX shape without the batch: C × H × W, or F; null where it is open. */
  readonly shape: readonly (number | null)[];
  /** Whether the layer's tensor has one axis only; C × 1 × 1 is one axis of C then. */
  readonly isFlat: boolean;
  /** Whether no value can be below zero. */
  readonly nonNegative: boolean;
  /** Whether more than one node reads it, under whichever name. */
  readonly isShared: boolean;
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

/** A constant of integers. */
export function integers(values: readonly number[], shape?: readonly number[]): Constant {
  return { kind: "constant", shape: shape ?? [values.length], values: Float64Array.from(values) };
}
