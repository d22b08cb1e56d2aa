import {
  blockSourceBytes,
  type Conv2DPlan,
  type ConvolutionShape,
  planConvolution,
  type PlanOptions,
} from "./conv2d_plan.ts";
import type { Kernels } from "./load.ts";

/** How a convolution is computed: tap by tap, or tile by tile in fewer products. */
export type ConvolutionMethod = "direct" | "winograd";

/** Bytes of V and M, the matrices that a chunk of tiles is taken apart into. */
const CHUNK_BYTES = 256 * 1024;
/** Tiles that share a pass over the transformed filter, whatever their bytes. */
const LEAST_TILES = 96;
/** Rows of the micro-kernel. */
const ROWS = 6;
/** Floats that the input transform reads beyond the last channel, in bytes. */
const SPARE_BYTES = 16;

/** A convolution by tiles: blocks of the source, and chunks of tiles within them. */
export interface WinogradPlan extends Conv2DPlan {
  /** Tiles that are transformed and multiplied together. */
  readonly chunkTiles: number;
}

/** Whether a convolution is one that Winograd's F(2×2, 3×3) can compute. */
export function canUseWinograd(shape: ConvolutionShape): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = shape;
  return filterHeight === 3 && filterWidth === 3 && strideHeight === 1 && strideWidth === 1 &&
    shape.dilationHeight === 1 && shape.dilationWidth === 1;
}

function paddedTo(multiple: number, count: number): number {
  return multiple * Math.ceil(count / multiple);
}

/**
 * Cuts a convolution into blocks of whole tiles.
 *
 * @param shape The convolution; `canUseWinograd` accepts it.
 * @param options Limits of a block and where outputs go.
 * @returns The plan.
 */
export function planWinograd(shape: ConvolutionShape, options: PlanOptions): WinogradPlan {
  const { outHeight, outWidth, inChannels, outChannels } = shape;
  const tileRows = Math.ceil(outHeight / 2), tileColumns = Math.ceil(outWidth / 2);
  const whole = planConvolution({ ...shape, outHeight: 2 * tileRows, outWidth: 2 * tileColumns }, {
    ...options,
    placement: options.placement ??
      { height: outHeight, width: outWidth, rowStep: 1, columnStep: 1 },
    limits: { ...options.limits, alwaysPixels: 4 * LEAST_TILES },
    mayReadInPlace: false,
  });
  const blockRows = 2 * Math.ceil(whole.blockRows / 2), blockHeight = blockRows + 2;
  const tilesPerBlock = whole.blockImages * blockRows / 2 * tileColumns;
  const mostTiles = Math.max(LEAST_TILES, CHUNK_BYTES / (64 * (inChannels + outChannels)));
  const chunks = Math.ceil(tilesPerBlock / mostTiles);
  return {
    ...whole,
    outputRows: outHeight,
    outputColumns: outWidth,
    blockRows,
    blockHeight,
    imageBytes: whole.rowBytes * blockHeight,
    chunkTiles: paddedTo(ROWS, tilesPerBlock / chunks),
  };
}

/** Bytes of workspace of a convolution by tiles. */
export function winogradWorkspaceBytes({ wasm }: Kernels, plan: WinogradPlan): number {
  const { channels, outputChannels, chunkTiles, blockImages, blockRows, outputColumns } = plan;
  const blockTiles = blockImages * blockRows / 2 * Math.ceil(outputColumns / 2);
  return wasm.winogradWorkspaceBytes(channels, outputChannels, chunkTiles, blockTiles) +
    blockSourceBytes(plan) + SPARE_BYTES;
}
