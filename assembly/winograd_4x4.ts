import { Conv2DPlan } from "./conv2d_plan";
import { multiplyAddF32, multiplySubtractF32 } from "./simd";
import { storePixel, TILE_ENTRY_BYTES } from "./winograd_layout";

/** √2 and its half: with 0 and ∞ the points that F(4×4, 3×3) evaluates polynomials at. */
const ROOT: f32 = 1.4142135;
const HALF_ROOT: f32 = 0.70710677;

/** Bytes of a row of six vectors. */
export const ROW: usize = 96;
/** Where scratch has numbers that the transforms multiply by: a load costs less than what engines make of a constant. */
export const NUMBERS: usize = 6 * ROW;
/** Bytes of scratch that a transform needs: six rows of six vectors, and numbers. */
export const SCRATCH_4X4_BYTES: usize = NUMBERS + 64;

/** Prepares scratch for the transforms. */
export function openScratch4x4(scratch: usize): void {
  store<f32>(scratch, HALF_ROOT, NUMBERS);
  store<f32>(scratch, ROOT, NUMBERS + 4);
  store<f32>(scratch, 0.5, NUMBERS + 8);
  store<f32>(scratch, 2, NUMBERS + 12);
  store<f32>(scratch, 2.5, NUMBERS + 16);
  store<f32>(scratch, 0.5 * HALF_ROOT, NUMBERS + 20);
  store<f32>(scratch, 2 * ROOT, NUMBERS + 24);
}

/**
 * Bᵀd for six vectors d, `step` bytes apart; writes six, `toStep` bytes apart.
 *
 *          | 1    0   −5/2    0    1  0 |
 *          | 0  −√2   −2    √2/2   1  0 |
 *     Bᵀ = | 0   √2   −2   −√2/2   1  0 |
 *          | 0 −√2/2  −1/2   √2    1  0 |
 *          | 0  √2/2  −1/2  −√2    1  0 |
 *          | 0    1    0   −5/2    0  1 |
 */
function multiplyByB(
  from: usize,
  step: usize,
  to: usize,
  toStep: usize,
  halfRoot: v128,
  root: v128,
  half: v128,
  two: v128,
  middle: v128,
): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step), d4 = v128.load(from + 4 * step);
  const d5 = v128.load(from + 5 * step);
  v128.store(to, multiplySubtractF32(middle, d2, f32x4.add(d0, d4)));
  const near = multiplySubtractF32(two, d2, d4), nearOdd = multiplySubtractF32(two, d1, d3);
  v128.store(to + toStep, multiplyAddF32(halfRoot, nearOdd, near));
  v128.store(to + 2 * toStep, multiplySubtractF32(halfRoot, nearOdd, near));
  const far = multiplySubtractF32(half, d2, d4), farOdd = multiplySubtractF32(half, d1, d3);
  v128.store(to + 3 * toStep, multiplyAddF32(root, farOdd, far));
  v128.store(to + 4 * toStep, multiplySubtractF32(root, farOdd, far));
  v128.store(to + 5 * toStep, multiplySubtractF32(middle, d3, f32x4.add(d1, d5)));
}

/** Transforms the 6×6 patches of `count` tiles of the table into rows of 36 matrices V, BᵀdB. */
export function transformInputs4x4(
  plan: Conv2DPlan,
  source: usize,
  tiles: usize,
  count: i32,
  v: usize,
  vBytes: usize,
  vRowBytes: usize,
  scratch: usize,
): void {
  const pixelBytes = <usize> plan.channels << 2, rowBytes = <usize> plan.rowBytes;
  const halfRoot = v128.load32_splat(scratch, NUMBERS);
  const root = v128.load32_splat(scratch, NUMBERS + 4);
  const half = v128.load32_splat(scratch, NUMBERS + 8);
  const two = v128.load32_splat(scratch, NUMBERS + 12);
  const middle = v128.load32_splat(scratch, NUMBERS + 16);
  for (let tile = 0; tile < count; tile++, tiles += TILE_ENTRY_BYTES, v += vRowBytes) {
    let patch = source + load<u32>(tiles), matrices = v;
    for (let left = plan.channels; left > 0; left -= 4, patch += 16, matrices += 16) {
      // Columns of the patch into scratch, then rows of scratch into the matrices: one loop, for one inlined body.
      let from = patch, next = pixelBytes, step = rowBytes, to = scratch;
      let toNext: usize = 16, toStep = ROW;
      for (let pass = 0; pass < 2; pass++) {
        for (let line = 0; line < 6; line++, from += next, to += toNext) {
          multiplyByB(from, step, to, toStep, halfRoot, root, half, two, middle);
        }
        from = scratch, next = ROW, step = 16;
        to = matrices, toNext = 6 * vBytes, toStep = vBytes;
      }
    }
  }
}

/**
 * Aᵀm for six vectors m, `step` bytes apart; writes four, `toStep` bytes apart.
 *
 *          | 1   1      1     1     1   0 |
 *     Aᵀ = | 0  √2/2  −√2/2  √2   −√2   0 |
 *          | 0  1/2    1/2    2     2   0 |
 *          | 0  √2/4  −√2/4  2√2  −2√2  1 |
 */
function multiplyByA(
  from: usize,
  step: usize,
  to: usize,
  toStep: usize,
  halfRoot: v128,
  root: v128,
  half: v128,
  quarterRoot: v128,
  twoRoots: v128,
): void {
  const m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step), m4 = v128.load(from + 4 * step);
  const near = f32x4.add(m1, m2), nearOdd = f32x4.sub(m1, m2);
  const far = f32x4.add(m3, m4), farOdd = f32x4.sub(m3, m4);
  const last = multiplyAddF32(twoRoots, farOdd, v128.load(from + 5 * step));
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), near), far));
  v128.store(to + toStep, multiplyAddF32(halfRoot, nearOdd, f32x4.mul(root, farOdd)));
  v128.store(to + 2 * toStep, multiplyAddF32(half, near, f32x4.add(far, far)));
  v128.store(to + 3 * toStep, multiplyAddF32(quarterRoot, nearOdd, last));
}

/** Four channels of a row of four output pixels, Aᵀm + bias for six vectors m side by side: `multiplyByA`, from registers. */
function storeRow(
  plan: Conv2DPlan,
  m: usize,
  pixel: usize,
  nextColumn: usize,
  b: v128,
  halfRoot: v128,
  root: v128,
  half: v128,
  quarterRoot: v128,
  twoRoots: v128,
): void {
  const m1 = v128.load(m, 16), m2 = v128.load(m, 32);
  const m3 = v128.load(m, 48), m4 = v128.load(m, 64);
  const near = f32x4.add(m1, m2), nearOdd = f32x4.sub(m1, m2);
  const far = f32x4.add(m3, m4), farOdd = f32x4.sub(m3, m4);
  const first = f32x4.add(f32x4.add(v128.load(m), near), far);
  storePixel(plan, pixel, f32x4.add(first, b), 4);
  pixel += nextColumn;
  const second = multiplyAddF32(halfRoot, nearOdd, f32x4.mul(root, farOdd));
  storePixel(plan, pixel, f32x4.add(second, b), 4);
  pixel += nextColumn;
  const third = multiplyAddF32(half, near, f32x4.add(far, far));
  storePixel(plan, pixel, f32x4.add(third, b), 4);
  pixel += nextColumn;
  const last = multiplyAddF32(twoRoots, farOdd, v128.load(m, 80));
  storePixel(plan, pixel, f32x4.add(multiplyAddF32(quarterRoot, nearOdd, last), b), 4);
}

/** Transforms rows of 36 matrices M into the 4×4 output pixels of `count` tiles of the table, AᵀmA + bias. */
export function transformOutputs4x4(
  plan: Conv2DPlan,
  tiles: usize,
  count: i32,
  m: usize,
  mBytes: usize,
  mRowBytes: usize,
  bias: usize,
  output: usize,
  scratch: usize,
): void {
  const nextRow = <usize> plan.outputRowBytes, nextColumn = <usize> plan.outputColumnBytes;
  const halfRoot = v128.load32_splat(scratch, NUMBERS);
  const root = v128.load32_splat(scratch, NUMBERS + 4);
  const half = v128.load32_splat(scratch, NUMBERS + 8);
  const quarterRoot = v128.load32_splat(scratch, NUMBERS + 20);
  const twoRoots = v128.load32_splat(scratch, NUMBERS + 24);
  for (let tile = 0; tile < count; tile++, tiles += TILE_ENTRY_BYTES, m += mRowBytes) {
    const rows = min(4, load<i32>(tiles, 8)), columns = min(4, load<i32>(tiles, 12));
    let pixels = output + load<u32>(tiles, 4), matrices = m, biases = bias;
    for (let left = plan.outputChannels; left > 0; left -= 4) {
      const isWhole = rows == 4 && columns == 4 && left >= 4;
      // Columns of the matrices into scratch, then its rows in place unless they are stored at once: one loop, for one
      // inlined body.
      let from = matrices, next = mBytes, step = 6 * mBytes, to = scratch;
      let toNext: usize = 16, toStep = ROW, lines = 6;
      for (let pass = isWhole ? 1 : 0; pass < 2; pass++) {
        for (; lines > 0; lines--, from += next, to += toNext) {
          multiplyByA(from, step, to, toStep, halfRoot, root, half, quarterRoot, twoRoots);
        }
        from = to = scratch, next = toNext = ROW, step = toStep = 16, lines = rows;
      }
      const b = v128.load(biases);
      let sums = scratch, line = pixels;
      if (isWhole) {
        for (const end = sums + 4 * ROW; sums < end; sums += ROW, line += nextRow) {
          storeRow(
            plan,
            sums,
            line,
            nextColumn,
            b,
            halfRoot,
            root,
            half,
            quarterRoot,
            twoRoots,
          );
        }
      } else {
        for (let row = 0; row < rows; row++, sums += ROW, line += nextRow) {
          let pixel = line, sum = sums;
          for (let column = 0; column < columns; column++, pixel += nextColumn, sum += 16) {
            storePixel(plan, pixel, f32x4.add(v128.load(sum), b), left);
          }
        }
      }
      matrices += 16, biases += 16, pixels += 16;
    }
  }
}

/**
 * Gg for three vectors g, `step` bytes apart; writes six, `toStep` bytes apart.
 *
 *         |  1     0     0  |
 *         | −2/3 −√2/3 −1/3 |
 *     G = | −2/3  √2/3 −1/3 |
 *         |  1/6  √2/6  1/3 |
 *         |  1/6 −√2/6  1/3 |
 *         |  0     0     1  |
 */
function multiplyByG(from: usize, step: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from), g1 = v128.load(from + step), g2 = v128.load(from + 2 * step);
  const third = f32x4.mul(f32x4.splat(1.0 / 3), g2);
  const near = f32x4.sub(f32x4.mul(f32x4.splat(-2.0 / 3), g0), third);
  const nearOdd = f32x4.mul(f32x4.splat(ROOT / 3), g1);
  const far = f32x4.add(f32x4.mul(f32x4.splat(1.0 / 6), g0), third);
  const farOdd = f32x4.mul(f32x4.splat(ROOT / 6), g1);
  v128.store(to, g0);
  v128.store(to + toStep, f32x4.sub(near, nearOdd));
  v128.store(to + 2 * toStep, f32x4.add(near, nearOdd));
  v128.store(to + 3 * toStep, f32x4.add(far, farOdd));
  v128.store(to + 4 * toStep, f32x4.sub(far, farOdd));
  v128.store(to + 5 * toStep, g2);
}

/**
 * GgGᵀ of all filters, from panels of taps to 36 matrices, laid out as `transformPanels2x2` has them.
 */
export function transformPanels4x4(
  panels: usize,
  channels: i32,
  panelCount: i32,
  u: usize,
  uBytes: usize,
  scratch: usize,
): void {
  const tapBytes = <usize> channels << 5;
  for (let panel = 0; panel < panelCount; panel++, panels += 8 * tapBytes) {
    for (const end = panels + tapBytes; panels < end; panels += 16, u += 16) {
      let tap = panels;
      for (let column = scratch; column < scratch + 48; column += 16, tap += tapBytes) {
        multiplyByG(tap, 3 * tapBytes, column, 48);
      }
      let matrices = u;
      for (let row = scratch; row < scratch + 6 * 48; row += 48, matrices += 6 * uBytes) {
        multiplyByG(row, 16, matrices, uBytes);
      }
    }
  }
}
