import { Conv2DPlan, PIXEL_BYTES } from "./conv2d_plan";
import { clampF32, multiplyAddF32, splatLane0, splatLane1, splatLane2, splatLane3 } from "./simd";

/** Output pixels of a tile. */
export const CONV_TILE_PIXELS: i32 = 4;
/** Output channels of a tile. */
export const CONV_TILE_CHANNELS: i32 = 8;

/** Where a pixel of the table is read. */
function sourceOf(pixels: usize, index: usize, source: usize): usize {
  return source + load<u32>(pixels + index * PIXEL_BYTES);
}

/** Writes eight output channels of a pixel of the table, after the activation. */
function storePixel(
  pixels: usize,
  index: usize,
  output: usize,
  low: v128,
  high: v128,
  lowest: v128,
  highest: v128,
): void {
  const to = output + load<u32>(pixels + index * PIXEL_BYTES, 4);
  v128.store(to, clampF32(low, lowest, highest));
  v128.store(to, clampF32(high, lowest, highest), 16);
}

/**
 * Eight output channels of the pixels of a table, four at a time: bias + Σ taps·weights, then the activation.
 *
 *     pixels   entries of the pixel table up to `end`, a multiple of four
 *     panel    | ky=0: k0: w0 … w7 | k1: w0 … w7 | … | ky=1: … |   runs·runLength·8 floats per kernel row
 *     bias     eight floats
 *
 * Each of four pixels, which lie in memory as the input has them, lends four floats at a time; each of those is spread
 * over a vector and multiplied with eight weights. Eight sums, four pixels, two weights and the spread float are the 15
 * vector registers that V8 has to give on x86-64. Where it checks every address, loads are dear: these are twelve for 32
 * multiply-adds, 53 GFLOP/s, against 40 of a tile of six pixels that loads and spreads every float by itself.
 *
 * Runs are read in fours: up to 12 bytes behind the last must be there.
 */
export function conv2dF32Tiles4x8(
  plan: Conv2DPlan,
  source: usize,
  pixels: usize,
  end: usize,
  panel: usize,
  bias: usize,
  output: usize,
): void {
  const weights = panel;
  const rows = plan.kernelRows, runs = plan.runs, length = plan.runLength;
  const runSkip = <usize> plan.runBytes - (<usize> (length + 3 & ~3) << 2);
  const rowSkip = <usize> plan.tapRowBytes - <usize> (runs * plan.runBytes);
  const lowest = f32x4.splat(plan.lowest), highest = f32x4.splat(plan.highest);
  for (; pixels < end; pixels += CONV_TILE_PIXELS * PIXEL_BYTES) {
    let a0 = sourceOf(pixels, 0, source), a1 = sourceOf(pixels, 1, source);
    let a2 = sourceOf(pixels, 2, source), a3 = sourceOf(pixels, 3, source);
    let c00 = v128.load(bias), c01 = v128.load(bias, 16);
    let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
    panel = weights;
    for (let row = rows; row > 0; row--) {
      for (let run = runs; run > 0; run--) {
        for (let k = length; k > 0; k -= 4) {
          const x0 = v128.load(a0), x1 = v128.load(a1), x2 = v128.load(a2), x3 = v128.load(a3);
          a0 += 16, a1 += 16, a2 += 16, a3 += 16;
          // The exits also keep the compiler from loading all weights before the first product, for which it would spill.
          let b0 = v128.load(panel), b1 = v128.load(panel, 16);
          let x = splatLane0(x0);
          c00 = multiplyAddF32(x, b0, c00);
          c01 = multiplyAddF32(x, b1, c01);
          x = splatLane0(x1);
          c10 = multiplyAddF32(x, b0, c10);
          c11 = multiplyAddF32(x, b1, c11);
          x = splatLane0(x2);
          c20 = multiplyAddF32(x, b0, c20);
          c21 = multiplyAddF32(x, b1, c21);
          x = splatLane0(x3);
          c30 = multiplyAddF32(x, b0, c30);
          c31 = multiplyAddF32(x, b1, c31);
          panel += 32;
          if (k == 1) break;
          b0 = v128.load(panel), b1 = v128.load(panel, 16);
          x = splatLane1(x0);
          c00 = multiplyAddF32(x, b0, c00);
          c01 = multiplyAddF32(x, b1, c01);
          x = splatLane1(x1);
          c10 = multiplyAddF32(x, b0, c10);
          c11 = multiplyAddF32(x, b1, c11);
          x = splatLane1(x2);
          c20 = multiplyAddF32(x, b0, c20);
          c21 = multiplyAddF32(x, b1, c21);
          x = splatLane1(x3);
          c30 = multiplyAddF32(x, b0, c30);
          c31 = multiplyAddF32(x, b1, c31);
          panel += 32;
          if (k == 2) break;
          b0 = v128.load(panel), b1 = v128.load(panel, 16);
          x = splatLane2(x0);
          c00 = multiplyAddF32(x, b0, c00);
          c01 = multiplyAddF32(x, b1, c01);
          x = splatLane2(x1);
          c10 = multiplyAddF32(x, b0, c10);
          c11 = multiplyAddF32(x, b1, c11);
          x = splatLane2(x2);
          c20 = multiplyAddF32(x, b0, c20);
          c21 = multiplyAddF32(x, b1, c21);
          x = splatLane2(x3);
          c30 = multiplyAddF32(x, b0, c30);
          c31 = multiplyAddF32(x, b1, c31);
          panel += 32;
          if (k == 3) break;
          b0 = v128.load(panel), b1 = v128.load(panel, 16);
          x = splatLane3(x0);
          c00 = multiplyAddF32(x, b0, c00);
          c01 = multiplyAddF32(x, b1, c01);
          x = splatLane3(x1);
          c10 = multiplyAddF32(x, b0, c10);
          c11 = multiplyAddF32(x, b1, c11);
          x = splatLane3(x2);
          c20 = multiplyAddF32(x, b0, c20);
          c21 = multiplyAddF32(x, b1, c21);
          x = splatLane3(x3);
          c30 = multiplyAddF32(x, b0, c30);
          c31 = multiplyAddF32(x, b1, c31);
          panel += 32;
        }
        a0 += runSkip, a1 += runSkip, a2 += runSkip, a3 += runSkip;
      }
      a0 += rowSkip, a1 += rowSkip, a2 += rowSkip, a3 += rowSkip;
    }
    storePixel(pixels, 0, output, c00, c01, lowest, highest);
    storePixel(pixels, 1, output, c10, c11, lowest, highest);
    storePixel(pixels, 2, output, c20, c21, lowest, highest);
    storePixel(pixels, 3, output, c30, c31, lowest, highest);
  }
}
