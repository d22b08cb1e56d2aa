import {
  blockSourceBytes,
  type Conv2DPlan,
  type ConvolutionShape,
  planConvolution,
  type PlanOptions,
} from "./conv2d_plan.ts";
import { KERNEL_TILE, type Kernels } from "./load.ts";

/** How a convolution is computed: tap by tap, or in fewer products, tile by tile of 2×2 or 4×4 output pixels. */
export type ConvolutionMethod = "direct" | WinogradMethod;

/** Winograd's methods, by the pixels of their tiles. */
export type WinogradMethod = "winograd2x2" | "winograd4x4";

/** What is known of a method. */
interface TileCosts {
  /** Rows and columns of a tile. */
  readonly side: number;
  /** Products that the transforms of a tile cost for each of its matrices, times the channels on either side. */
  readonly transforms: number;
  /** Products that the transform of a pair of channels' filter costs. */
  readonly filter: number;
  /** Tiles that share a pass over the transformed filter, whatever their bytes. */
  readonly leastTiles: number;
}

const METHODS: Readonly<Record<WinogradMethod, TileCosts>> = {
  winograd2x2: { side: 2, transforms: 5.5, filter: 100, leastTiles: 96 },
  winograd4x4: { side: 4, transforms: 9, filter: 450, leastTiles: 48 },
};

/** What is known of filter gradients by tiles of 4×4 pixels. */
const FILTER_GRADIENT: TileCosts = { ...METHODS.winograd4x4, transforms: 4, filter: 400 };

/** Bytes of V and M, the matrices that a chunk of tiles is taken apart into. */
const CHUNK_BYTES = 256 * 1024;
/** Rows and columns of the micro-kernel. */
const [ROWS, COLUMNS] = KERNEL_TILE;
/** Floats that the input transform reads beyond the last channel, in bytes. */
const SPARE_BYTES = 16;

/** A convolution by tiles: blocks of the source, and chunks of tiles within them. */
export interface WinogradPlan extends Conv2DPlan {
  /** Rows and columns of a tile. */
  readonly side: number;
  /** Tiles that are transformed and multiplied together. */
  readonly chunkTiles: number;
}

/** Whether a convolution is one that Winograd's F(2×2, 3×3) and F(4×4, 3×3) can compute. */
export function canUseWinograd(shape: ConvolutionShape): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = shape;
  return filterHeight === 3 && filterWidth === 3 && strideHeight === 1 && strideWidth === 1 &&
    shape.dilationHeight === 1 && shape.dilationWidth === 1;
}

function paddedTo(multiple: number, count: number): number {
  return multiple * Math.ceil(count / multiple);
}

/**
 * How many times faster tiles are than the direct kernel, about, from the products of each per pair of channels:
 *
 *     direct   9·⌈pixels⌉₄
 *     tiles    (side + 2)²·⌈tiles⌉₄·(1 + t·(1/c + 1/⌈n⌉₈)) + f
 *
 * The numbers t and f, fitted to the times of shapes of both builds, stand for the transforms of tiles and of the filter. Of
 * 40 shapes in either build (bench/winograd_bench.ts) the method that promises most was the fastest one, or took at most 1.2
 * times as long; filter gradients of 512 channels on eight maps of 4×4 take 1.5 times as long as tap by tap.
 */
function gainOf(shape: ConvolutionShape, { side, transforms, filter }: TileCosts): number {
  if (!canUseWinograd(shape)) return 0;
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = shape;
  const pixels = batchSize * outHeight * outWidth;
  const tiles = batchSize * Math.ceil(outHeight / side) * Math.ceil(outWidth / side);
  const share = transforms * (1 / inChannels + 1 / paddedTo(COLUMNS, outChannels));
  const products = (side + 2) ** 2 * paddedTo(ROWS, tiles) * (1 + share) + filter;
  return 9 * paddedTo(ROWS, pixels) / products;
}

/**
 * How many times faster than tap by tap a filter gradient by tiles of 4×4 pixels is, about.
 *
 * @param shape The convolution.
 * @returns The gain; 0 where Winograd does not cover the convolution.
 */
export function filterGradientGain(shape: ConvolutionShape): number {
  return gainOf(shape, FILTER_GRADIENT);
}

/**
 * The method that promises to be the fastest.
 *
 * @param shape The convolution.
 * @returns The method.
 */
export function fasterMethod(shape: ConvolutionShape): ConvolutionMethod {
  const [small, large] = (["winograd2x2", "winograd4x4"] as const).map((method) => ({
    method,
    gain: gainOf(shape, METHODS[method]),
  }));
  const { method, gain } = large.gain > small.gain ? large : small;
  return gain > 1 ? method : "direct";
}

/**
 * Cuts a convolution into blocks of whole tiles.
 *
 * @param shape The convolution; `canUseWinograd` accepts it.
 * @param method Which tiles.
 * @param options Limits of a block and where outputs go.
 * @returns The plan.
 */
export function planWinograd(
  shape: ConvolutionShape,
  method: WinogradMethod,
  options: PlanOptions,
): WinogradPlan {
  const { outHeight, outWidth, inChannels, outChannels } = shape;
  const { side, leastTiles } = METHODS[method];
  const tileRows = Math.ceil(outHeight / side), tileColumns = Math.ceil(outWidth / side);
  const padded = { ...shape, outHeight: side * tileRows, outWidth: side * tileColumns };
  const whole = planConvolution(padded, {
    ...options,
    placement: options.placement ??
      { height: outHeight, width: outWidth, rowStep: 1, columnStep: 1 },
    limits: { ...options.limits, alwaysPixels: side ** 2 * leastTiles },
    mayReadInPlace: false,
  });
  const blockRows = side * Math.ceil(whole.blockRows / side), blockHeight = blockRows + 2;
  const tilesPerBlock = whole.blockImages * blockRows / side * tileColumns;
  const tileBytes = 4 * (side + 2) ** 2 * (inChannels + outChannels);
  const mostTiles = Math.max(leastTiles, CHUNK_BYTES / tileBytes);
  const chunks = Math.ceil(tilesPerBlock / mostTiles);
  return {
    ...whole,
    side,
    outputRows: outHeight,
    outputColumns: outWidth,
    blockRows,
    blockHeight,
    imageBytes: whole.rowBytes * blockHeight,
    chunkTiles: paddedTo(ROWS, tilesPerBlock / chunks),
  };
}

/** Tiles of a whole block. */
function blockTiles({ side, blockImages, blockRows, outputColumns }: WinogradPlan): number {
  return blockImages * blockRows / side * Math.ceil(outputColumns / side);
}

/** Bytes of workspace of a convolution by tiles. */
export function winogradWorkspaceBytes({ wasm }: Kernels, plan: WinogradPlan): number {
  const { side, channels, outputChannels, chunkTiles } = plan;
  return wasm.winogradWorkspaceBytes(
    side,
    channels,
    outputChannels,
    chunkTiles,
    blockTiles(plan),
  ) + blockSourceBytes(plan) + SPARE_BYTES;
}

/** Bytes of workspace of a filter gradient by tiles of 4×4 pixels. */
export function winogradFilterGradientWorkspaceBytes(
  { wasm }: Kernels,
  plan: WinogradPlan,
): number {
  const { channels, outputChannels, chunkTiles } = plan;
  return wasm.winogradFilterGradientWorkspaceBytes(
    channels,
    outputChannels,
    chunkTiles,
    blockTiles(plan),
  ) + blockSourceBytes(plan) + SPARE_BYTES;
}
