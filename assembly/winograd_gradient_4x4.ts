import { Conv2DPlan } from "./conv2d_plan";
import { loadPartF32, storePartF32 } from "./lanes";
import { multiplyAddF32, multiplySubtractF32 } from "./simd";
import { NUMBERS, ROW } from "./winograd_4x4";
import { TILE_ENTRY_BYTES } from "./winograd_layout";

/** Bytes of a row of four vectors. */
const PIXEL_ROW: usize = 64;

/** Ay for four vectors y, `step` bytes apart; writes six, `toStep` bytes apart. A is that of `winograd_4x4.ts`. */
function multiplyByTransposedA(
  from: usize,
  step: usize,
  to: usize,
  toStep: usize,
  halfRoot: v128,
  root: v128,
  half: v128,
  two: v128,
): void {
  const y0 = v128.load(from), y1 = v128.load(from + step), y2 = v128.load(from + 2 * step);
  const y3 = v128.load(from + 3 * step);
  v128.store(to, y0);
  const near = multiplyAddF32(half, y2, y0), nearOdd = multiplyAddF32(half, y3, y1);
  v128.store(to + toStep, multiplyAddF32(halfRoot, nearOdd, near));
  v128.store(to + 2 * toStep, multiplySubtractF32(halfRoot, nearOdd, near));
  const far = multiplyAddF32(two, y2, y0), farOdd = multiplyAddF32(two, y3, y1);
  v128.store(to + 3 * toStep, multiplyAddF32(root, farOdd, far));
  v128.store(to + 4 * toStep, multiplySubtractF32(root, farOdd, far));
  v128.store(to + 5 * toStep, y3);
}

/** Copies up to four channels of a tile's output gradients, with zeros where it leaves the output. */
function copyTile(
  pixels: usize,
  rowBytes: usize,
  columnBytes: usize,
  rows: i32,
  columns: i32,
  left: i32,
  to: usize,
): void {
  for (let row = 0; row < 4; row++, pixels += rowBytes) {
    let pixel = pixels;
    for (let column = 0; column < 4; column++, pixel += columnBytes, to += 16) {
      const isInside = row < rows && column < columns;
      if (!isInside) v128.store(to, f32x4.splat(0));
      else v128.store(to, left >= 4 ? v128.load(pixel) : loadPartF32(pixel, left));
    }
  }
}

/**
 * Transforms the 4×4 output gradients y of `count` tiles of the table into rows of 36 matrices D, AyAᵀ.
 *
 *     scratch   that of `winograd_4x4.ts`, then a tile of 16 vectors
 */
export function transformGradients4x4(
  plan: Conv2DPlan,
  dy: usize,
  tiles: usize,
  count: i32,
  d: usize,
  dBytes: usize,
  dRowBytes: usize,
  scratch: usize,
  tile: usize,
): void {
  const rowBytes = <usize> plan.outputRowBytes, columnBytes = <usize> plan.outputColumnBytes;
  const halfRoot = v128.load32_splat(scratch, NUMBERS);
  const root = v128.load32_splat(scratch, NUMBERS + 4);
  const half = v128.load32_splat(scratch, NUMBERS + 8);
  const two = v128.load32_splat(scratch, NUMBERS + 12);
  for (const end = tiles + <usize> count * TILE_ENTRY_BYTES; tiles < end; d += dRowBytes) {
    let pixels = dy + load<u32>(tiles, 4), matrices = d;
    const rows = load<i32>(tiles, 8), columns = load<i32>(tiles, 12);
    tiles += TILE_ENTRY_BYTES;
    for (let left = plan.outputChannels; left > 0; left -= 4, pixels += 16, matrices += 16) {
      let from = pixels, next = columnBytes, step = rowBytes;
      if (rows < 4 || columns < 4 || left < 4) {
        copyTile(pixels, rowBytes, columnBytes, rows, columns, left, tile);
        from = tile, next = 16, step = PIXEL_ROW;
      }
      // Columns into scratch, then its rows into the matrices: one loop, for one inlined body.
      let to = scratch, toNext: usize = 16, toStep = PIXEL_ROW, lines = 4;
      for (let pass = 0; pass < 2; pass++) {
        for (; lines > 0; lines--, from += next, to += toNext) {
          multiplyByTransposedA(from, step, to, toStep, halfRoot, root, half, two);
        }
        from = scratch, next = PIXEL_ROW, step = 16, lines = 6;
        to = matrices, toNext = 6 * dBytes, toStep = dBytes;
      }
    }
  }
}

/** Gᵀs for six vectors s, `step` bytes apart; writes three, `toStep` bytes apart. G is that of `winograd_4x4.ts`. */
function multiplyByTransposedG(from: usize, step: usize, to: usize, toStep: usize): void {
  const s1 = v128.load(from + step), s2 = v128.load(from + 2 * step);
  const s3 = v128.load(from + 3 * step), s4 = v128.load(from + 4 * step);
  const near = f32x4.add(s1, s2), nearOdd = f32x4.sub(s2, s1);
  const far = f32x4.add(s3, s4), farOdd = f32x4.sub(s3, s4);
  const third = f32x4.splat(1.0 / 3), sixth = f32x4.splat(1.0 / 6);
  const first = multiplyAddF32(f32x4.splat(-2.0 / 3), near, v128.load(from));
  v128.store(to, multiplyAddF32(sixth, far, first));
  const odd = multiplyAddF32(f32x4.splat(0.5), farOdd, nearOdd);
  v128.store(to + toStep, f32x4.mul(f32x4.splat(<f32> (1.4142135623730951 / 3)), odd));
  const last = v128.load(from + 5 * step);
  v128.store(to + 2 * toStep, multiplyAddF32(third, f32x4.sub(far, near), last));
}

/**
 * The gradient of 3×3 filters from 36 matrices of sums S, `sumsBytes` apart, each channels × outputs: GᵀSG.
 */
export function transformSums4x4(
  channels: i32,
  outputs: i32,
  sums: usize,
  sumsBytes: usize,
  sumsRowBytes: usize,
  gradient: usize,
  scratch: usize,
): void {
  const rowBytes = <usize> outputs << 2, tapBytes = <usize> channels * rowBytes;
  for (let channel = 0; channel < channels; channel++, sums += sumsRowBytes, gradient += rowBytes) {
    let from = sums, to = gradient;
    for (let left = outputs; left > 0; left -= 4, from += 16, to += 16) {
      let column = from;
      for (let at = scratch; at < scratch + ROW; at += 16, column += sumsBytes) {
        multiplyByTransposedG(column, 6 * sumsBytes, at, ROW);
      }
      let taps = to;
      for (let at = scratch; at < scratch + 3 * ROW; at += ROW) {
        multiplyByTransposedG(at, 16, at, 16);
        for (let tap: usize = 0; tap < 48; tap += 16, taps += tapBytes) {
          const value = v128.load(at + tap);
          if (left >= 4) v128.store(taps, value);
          else storePartF32(taps, value, left);
        }
      }
    }
  }
}
