/**
 * What the tensors of an ONNX graph are while it is read.
 *
 * @module
 */
import type { WeightType } from "../../model/mod.ts";
import type { Constant, Feature as LayerTensor } from "../import/mod.ts";

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

/**
 * A tensor that the network computes. Its shape is C × H × W, or F, in ONNX; G × C/G × H × W while channels stand in
 * groups on their way to being shuffled. In the layers the channels are last, so the axes are others:
 *
 *     channels first     ONNX  C × H × W    C × P    layers  H × W × C    P × C
 *     channels last      ONNX  H × W × C    P × C    layers  H × W × C    P × C
 */
export interface Feature extends LayerTensor {
  /** Whether the channels are last in ONNX too, as behind a Transpose. */
  readonly isLast?: boolean;
  /** Whether a Permute has put the axes of the layers' tensor into the order of ONNX, as steps want it. */
  readonly isTurned?: boolean;
  /** Whether the layer's tensor has one axis only; C × 1 × 1 is one axis of C then. */
  readonly isFlat: boolean;
  /** Whether the groups of channels and the channels of a group have changed places, and not yet in the layers. */
  readonly isShuffled?: boolean;
  /** Element type, where it holds whole numbers or truth values. */
  readonly type?: WeightType;
  /** Whether it holds integers in ONNX, as an input of bytes does until it is cast. */
  readonly isInteger?: boolean;
  /** Pieces of a flat tensor whose values stand in another order than in ONNX. */
  readonly pieces?: readonly FlatPiece[];
}

/** A tensor of the graph. */
export type Value = Constant | Feature;

/**
 * The axes of a tensor in ONNX, the batch being 0, in the order in which the layers have them.
 *
 * @param rank Number of axes without the batch.
 * @param isLast Whether the channels are last in ONNX.
 */
export function axesInLayers(rank: number, isLast = false): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis + 1);
  return isLast ? axes : [...axes.slice(1), ...axes.slice(0, 1)];
}

/** The shape of a tensor as the layers have it. */
export function shapeInLayers({ shape, isLast }: Feature): (number | null)[] {
  return axesInLayers(shape.length, isLast).map((axis) => shape[axis - 1]);
}

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
