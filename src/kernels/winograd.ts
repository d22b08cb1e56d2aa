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
/** Its columns. */
const COLUMNS = 8;
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

/** Products that the transforms of a tile cost, times the channels on either side. */
const TRANSFORM_PRODUCTS = 3.3;
/** Products that the transform of a pair of channels' filter costs. */
const FILTER_PRODUCTS = 60;

function paddedTo(multiple: number, count: number): number {
  return multiple * Math.ceil(count / multiple);
}

/**
 * How many times faster Winograd is than the direct kernel, about, from the products of each per pair of channels:
 *
 *     direct     9·⌈pixels⌉₆
 *     winograd   16·⌈tiles⌉₆·(1 + 3.3·(1/c + 1/⌈n⌉₈)) + 60
 *
 * The last two numbers, fitted to the times of 185 shapes of both builds, stand for the transforms of tiles and of the
 * filter. Measured in the relaxed build: 0.6 to 0.9 times as fast for c = 1, 0.9 to 1.2 for 3, 1.2 for 8→8, 1.55 for
 * 16→16, 1.8 for 32→32; 64→64 on maps of 1×1, 2×2, 3×3 and 5×5 0.6, 1.9, 1.2 and 1.5, for a single 4×4 image 1.0.
 *
 * @param shape The convolution.
 * @returns The gain; 0 where Winograd does not cover the convolution.
 */
export function winogradGain(shape: ConvolutionShape): number {
  if (!canUseWinograd(shape)) return 0;
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = shape;
  const pixels = batchSize * outHeight * outWidth;
  const tiles = batchSize * Math.ceil(outHeight / 2) * Math.ceil(outWidth / 2);
  const transforms = TRANSFORM_PRODUCTS * (1 / inChannels + 1 / paddedTo(COLUMNS, outChannels));
  const products = 16 * paddedTo(ROWS, tiles) * (1 + transforms) + FILTER_PRODUCTS;
  return 9 * paddedTo(ROWS, pixels) / products;
}

/**
 * The method that {@link winogradGain} promises to be faster. Where it decides for Winograd on the shapes that were
 * measured, Winograd took at most 1.03 times as long as the direct kernel; where against, the direct one at most 1.2
 * times as long as Winograd (3→3).
 *
 * @param shape The convolution.
 * @returns The method.
 */
export function fasterMethod(shape: ConvolutionShape): ConvolutionMethod {
  return winogradGain(shape) > 1 ? "winograd" : "direct";
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
