import { Conv2DPlan, PIXEL_BYTES } from "./conv2d_plan";
import { multiplyAddF32 } from "./simd";

/** Output pixels of a tile. */
export const CONV_TILE_PIXELS: i32 = 6;
/** Output channels of a tile. */
export const CONV_TILE_CHANNELS: i32 = 8;

/** Where a pixel of the table is read. */
function sourceOf(pixels: usize, index: usize, source: usize): usize {
  return source + load<u32>(pixels + index * PIXEL_BYTES);
}

/** Writes eight output channels of a pixel of the table, after the activation. */
function storePixel(
  plan: Conv2DPlan,
  pixels: usize,
  index: usize,
  output: usize,
  low: v128,
  high: v128,
): void {
  const to = output + load<u32>(pixels + index * PIXEL_BYTES, 4);
  const lowest = f32x4.splat(plan.lowest), highest = f32x4.splat(plan.highest);
  // The pseudo-minimum and -maximum keep a NaN that stands first, and are one instruction each.
  v128.store(to, f32x4.pmin(f32x4.pmax(low, lowest), highest));
  v128.store(to, f32x4.pmin(f32x4.pmax(high, lowest), highest), 16);
}

/** Half a tile, for builds without fused multiply-adds, which have no vector register for a product left. */
function conv2dF32Tile3x8(
  plan: Conv2DPlan,
  source: usize,
  pixels: usize,
  panel: usize,
  bias: usize,
  output: usize,
): void {
  let a0 = sourceOf(pixels, 0, source);
  let a1 = sourceOf(pixels, 1, source);
  let a2 = sourceOf(pixels, 2, source);
  let c00 = v128.load(bias), c01 = v128.load(bias, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01;
  const length = plan.runLength;
  const runSkip = <usize> plan.runBytes - (<usize> length << 2);
  const rowSkip = <usize> plan.tapRowBytes - <usize> (plan.runs * plan.runBytes);
  for (let row = plan.kernelRows; row > 0; row--) {
    for (let run = plan.runs; run > 0; run--) {
      for (let k = length; k > 0; k--) {
        const b0 = v128.load(panel), b1 = v128.load(panel, 16);
        let x = v128.load32_splat(a0);
        c00 = multiplyAddF32(x, b0, c00);
        c01 = multiplyAddF32(x, b1, c01);
        x = v128.load32_splat(a1);
        c10 = multiplyAddF32(x, b0, c10);
        c11 = multiplyAddF32(x, b1, c11);
        x = v128.load32_splat(a2);
        c20 = multiplyAddF32(x, b0, c20);
        c21 = multiplyAddF32(x, b1, c21);
        a0 += 4, a1 += 4, a2 += 4, panel += 32;
      }
      a0 += runSkip, a1 += runSkip, a2 += runSkip;
    }
    a0 += rowSkip, a1 += rowSkip, a2 += rowSkip;
  }
  storePixel(plan, pixels, 0, output, c00, c01);
  storePixel(plan, pixels, 1, output, c10, c11);
  storePixel(plan, pixels, 2, output, c20, c21);
}

/**
 * Six output pixels × eight output channels: bias + Σ taps·weights, then the activation.
 *
 *     pixels   six entries of the pixel table
 *     panel    | ky=0: k0: w0 … w7 | k1: w0 … w7 | … | ky=1: … |   runs·runLength·8 floats per kernel row
 *     bias     eight floats
 *
 * Every k broadcasts one float of each of six pixels, which lie in memory as the input has them, and multiplies it with
 * eight weights: twelve sums, two weights and one broadcast fill the 15 vector registers that V8 has to give on x86-64.
 */
export function conv2dF32Tile6x8(
  plan: Conv2DPlan,
  source: usize,
  pixels: usize,
  panel: usize,
  bias: usize,
  output: usize,
): void {
  if (!ASC_FEATURE_RELAXED_SIMD) {
    conv2dF32Tile3x8(plan, source, pixels, panel, bias, output);
    conv2dF32Tile3x8(plan, source, pixels + 3 * PIXEL_BYTES, panel, bias, output);
    return;
  }
  let a0 = sourceOf(pixels, 0, source);
  let a1 = sourceOf(pixels, 1, source);
  let a2 = sourceOf(pixels, 2, source);
  let a3 = sourceOf(pixels, 3, source);
  let a4 = sourceOf(pixels, 4, source);
  let a5 = sourceOf(pixels, 5, source);
  let c00 = v128.load(bias), c01 = v128.load(bias, 16);
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  let c40 = c00, c41 = c01, c50 = c00, c51 = c01;
  const length = plan.runLength;
  const runSkip = <usize> plan.runBytes - (<usize> length << 2);
  const rowSkip = <usize> plan.tapRowBytes - <usize> (plan.runs * plan.runBytes);
  for (let row = plan.kernelRows; row > 0; row--) {
    for (let run = plan.runs; run > 0; run--) {
      for (let k = length; k > 0; k--) {
        const b0 = v128.load(panel), b1 = v128.load(panel, 16);
        let x = v128.load32_splat(a0);
        c00 = multiplyAddF32(x, b0, c00);
        c01 = multiplyAddF32(x, b1, c01);
        x = v128.load32_splat(a1);
        c10 = multiplyAddF32(x, b0, c10);
        c11 = multiplyAddF32(x, b1, c11);
        x = v128.load32_splat(a2);
        c20 = multiplyAddF32(x, b0, c20);
        c21 = multiplyAddF32(x, b1, c21);
        x = v128.load32_splat(a3);
        c30 = multiplyAddF32(x, b0, c30);
        c31 = multiplyAddF32(x, b1, c31);
        x = v128.load32_splat(a4);
        c40 = multiplyAddF32(x, b0, c40);
        c41 = multiplyAddF32(x, b1, c41);
        x = v128.load32_splat(a5);
        c50 = multiplyAddF32(x, b0, c50);
        c51 = multiplyAddF32(x, b1, c51);
        a0 += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4, panel += 32;
      }
      a0 += runSkip, a1 += runSkip, a2 += runSkip, a3 += runSkip, a4 += runSkip, a5 += runSkip;
    }
    a0 += rowSkip, a1 += rowSkip, a2 += rowSkip, a3 += rowSkip, a4 += rowSkip, a5 += rowSkip;
  }
  storePixel(plan, pixels, 0, output, c00, c01);
  storePixel(plan, pixels, 1, output, c10, c11);
  storePixel(plan, pixels, 2, output, c20, c21);
  storePixel(plan, pixels, 3, output, c30, c31);
  storePixel(plan, pixels, 4, output, c40, c41);
  storePixel(plan, pixels, 5, output, c50, c51);
}
