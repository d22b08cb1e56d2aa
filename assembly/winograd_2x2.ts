import { Conv2DPlan } from "./conv2d_plan";
import { storePixel, TILE_ENTRY_BYTES } from "./winograd_layout";

/** Bᵀ times a column of four: writes a row of four matrices, `step` bytes apart. */
function storeInputRow(to: usize, step: usize, t0: v128, t1: v128, t2: v128, t3: v128): void {
  v128.store(to, f32x4.sub(t0, t2));
  v128.store(to + step, f32x4.add(t1, t2));
  v128.store(to + 2 * step, f32x4.sub(t2, t1));
  v128.store(to + 3 * step, f32x4.sub(t1, t3));
}

/**
 * BᵀdB of a 4×4 patch d, four channels at a time; up to three floats beyond the last channel come along, unused.
 *
 *          | 1  0 −1  0 |        to    | row of 00 | … matrixBytes … | row of 01 | … | row of 33 |
 *     Bᵀ = | 0  1  1  0 |
 *          | 0 −1  1  0 |
 *          | 0  1  0 −1 |
 */
function transformPatch(
  patch: usize,
  pixelBytes: usize,
  rowBytes: usize,
  channels: i32,
  to: usize,
  matrixBytes: usize,
): void {
  const r1 = rowBytes, r2 = 2 * rowBytes, r3 = 3 * rowBytes;
  for (let left = channels; left > 0; left -= 4, patch += 16, to += 16) {
    const p0 = patch, p1 = p0 + pixelBytes, p2 = p1 + pixelBytes, p3 = p2 + pixelBytes;
    const d10 = v128.load(p0 + r1), d11 = v128.load(p1 + r1);
    const d12 = v128.load(p2 + r1), d13 = v128.load(p3 + r1);
    const d20 = v128.load(p0 + r2), d21 = v128.load(p1 + r2);
    const d22 = v128.load(p2 + r2), d23 = v128.load(p3 + r2);
    storeInputRow(
      to,
      matrixBytes,
      f32x4.sub(v128.load(p0), d20),
      f32x4.sub(v128.load(p1), d21),
      f32x4.sub(v128.load(p2), d22),
      f32x4.sub(v128.load(p3), d23),
    );
    storeInputRow(
      to + 12 * matrixBytes,
      matrixBytes,
      f32x4.sub(d10, v128.load(p0 + r3)),
      f32x4.sub(d11, v128.load(p1 + r3)),
      f32x4.sub(d12, v128.load(p2 + r3)),
      f32x4.sub(d13, v128.load(p3 + r3)),
    );
    storeInputRow(
      to + 4 * matrixBytes,
      matrixBytes,
      f32x4.add(d10, d20),
      f32x4.add(d11, d21),
      f32x4.add(d12, d22),
      f32x4.add(d13, d23),
    );
    storeInputRow(
      to + 8 * matrixBytes,
      matrixBytes,
      f32x4.sub(d20, d10),
      f32x4.sub(d21, d11),
      f32x4.sub(d22, d12),
      f32x4.sub(d23, d13),
    );
  }
}

/** Transforms the patches of `count` tiles of the table into rows of 16 matrices V. */
export function transformInputs2x2(
  plan: Conv2DPlan,
  source: usize,
  tiles: usize,
  count: i32,
  v: usize,
  vBytes: usize,
  vRowBytes: usize,
): void {
  const pixelBytes = <usize> plan.channels << 2;
  for (let tile = 0; tile < count; tile++, tiles += TILE_ENTRY_BYTES, v += vRowBytes) {
    const patch = source + load<u32>(tiles);
    transformPatch(patch, pixelBytes, plan.rowBytes, plan.channels, v, vBytes);
  }
}

/**
 * AᵀmA + bias of a tile, then the activation, four channels at a time; writes what lies inside the output.
 *
 *     Aᵀ = | 1  1  1  0 |
 *          | 0  1 −1 −1 |
 */
function transformProducts(
  plan: Conv2DPlan,
  m: usize,
  matrixBytes: usize,
  bias: usize,
  to: usize,
  hasRow: bool,
  hasColumn: bool,
): void {
  const row = 4 * matrixBytes, nextRow = <usize> plan.outputRowBytes;
  const nextColumn = <usize> plan.outputColumnBytes;
  for (let left = plan.outputChannels; left > 0; left -= 4, m += 16, bias += 16, to += 16) {
    let p = m;
    let m1 = v128.load(p + row), m2 = v128.load(p + 2 * row);
    const s00 = f32x4.add(f32x4.add(v128.load(p), m1), m2);
    const s10 = f32x4.sub(f32x4.sub(m1, m2), v128.load(p + 3 * row));
    p += matrixBytes;
    m1 = v128.load(p + row), m2 = v128.load(p + 2 * row);
    const s01 = f32x4.add(f32x4.add(v128.load(p), m1), m2);
    const s11 = f32x4.sub(f32x4.sub(m1, m2), v128.load(p + 3 * row));
    p += matrixBytes;
    m1 = v128.load(p + row), m2 = v128.load(p + 2 * row);
    const s02 = f32x4.add(f32x4.add(v128.load(p), m1), m2);
    const s12 = f32x4.sub(f32x4.sub(m1, m2), v128.load(p + 3 * row));
    p += matrixBytes;
    m1 = v128.load(p + row), m2 = v128.load(p + 2 * row);
    const s03 = f32x4.add(f32x4.add(v128.load(p), m1), m2);
    const s13 = f32x4.sub(f32x4.sub(m1, m2), v128.load(p + 3 * row));
    const b = v128.load(bias);
    storePixel(plan, to, f32x4.add(f32x4.add(f32x4.add(s00, s01), s02), b), left);
    if (hasColumn) {
      const sum = f32x4.add(f32x4.sub(f32x4.sub(s01, s02), s03), b);
      storePixel(plan, to + nextColumn, sum, left);
    }
    if (!hasRow) continue;
    storePixel(plan, to + nextRow, f32x4.add(f32x4.add(f32x4.add(s10, s11), s12), b), left);
    if (hasColumn) {
      const sum = f32x4.add(f32x4.sub(f32x4.sub(s11, s12), s13), b);
      storePixel(plan, to + nextRow + nextColumn, sum, left);
    }
  }
}

/** Transforms rows of 16 matrices M into the output pixels of `count` tiles of the table. */
export function transformOutputs2x2(
  plan: Conv2DPlan,
  tiles: usize,
  count: i32,
  m: usize,
  mBytes: usize,
  mRowBytes: usize,
  bias: usize,
  output: usize,
): void {
  for (let tile = 0; tile < count; tile++, tiles += TILE_ENTRY_BYTES, m += mRowBytes) {
    const to = output + load<u32>(tiles, 4);
    const hasRow = load<i32>(tiles, 8) > 1, hasColumn = load<i32>(tiles, 12) > 1;
    transformProducts(plan, m, mBytes, bias, to, hasRow, hasColumn);
  }
}

/** G times a column of three, one row of the result: writes a row of four matrices, `step` bytes apart. */
function storeFilterRow(to: usize, step: usize, g0: v128, g1: v128, g2: v128): void {
  const half = f32x4.splat(0.5);
  const ends = f32x4.mul(half, f32x4.add(g0, g2)), middle = f32x4.mul(half, g1);
  v128.store(to, g0);
  v128.store(to + step, f32x4.add(ends, middle));
  v128.store(to + 2 * step, f32x4.sub(ends, middle));
  v128.store(to + 3 * step, g2);
}

/** GgGᵀ of one 3×3 filter in each of four lanes. */
function transformTaps(taps: usize, tapBytes: usize, to: usize, matrixBytes: usize): void {
  const half = f32x4.splat(0.5), rowBytes = 3 * tapBytes;
  const t1 = taps + tapBytes, t2 = t1 + tapBytes;
  const g00 = v128.load(taps), g01 = v128.load(t1), g02 = v128.load(t2);
  const m0 = f32x4.mul(half, v128.load(taps + rowBytes));
  const m1 = f32x4.mul(half, v128.load(t1 + rowBytes));
  const m2 = f32x4.mul(half, v128.load(t2 + rowBytes));
  const g20 = v128.load(taps + 2 * rowBytes), g21 = v128.load(t1 + 2 * rowBytes);
  const g22 = v128.load(t2 + 2 * rowBytes);
  storeFilterRow(to, matrixBytes, g00, g01, g02);
  storeFilterRow(to + 12 * matrixBytes, matrixBytes, g20, g21, g22);
  const e0 = f32x4.mul(half, f32x4.add(g00, g20)), e1 = f32x4.mul(half, f32x4.add(g01, g21));
  const e2 = f32x4.mul(half, f32x4.add(g02, g22));
  const plus = to + 4 * matrixBytes, minus = to + 8 * matrixBytes;
  storeFilterRow(plus, matrixBytes, f32x4.add(e0, m0), f32x4.add(e1, m1), f32x4.add(e2, m2));
  storeFilterRow(minus, matrixBytes, f32x4.sub(e0, m0), f32x4.sub(e1, m1), f32x4.sub(e2, m2));
}

/**
 * GgGᵀ of all filters.
 *
 *     panels   as `conv2dF32Tiles4x8` reads them:  | panel 0: tap 0: c0: w0 … w7 | c1: … | tap 1: … | panel 1: …
 *     u        16 matrices, `uBytes` apart, each  | panel 0: c0: u0 … u7 | c1: … | panel 1: …
 *
 *         | 1  0  0 |
 *     G = | ½  ½  ½ |
 *         | ½ −½  ½ |
 *         | 0  0  1 |
 */
export function transformPanels2x2(
  panels: usize,
  channels: i32,
  panelCount: i32,
  u: usize,
  uBytes: usize,
): void {
  const tapBytes = <usize> channels << 5;
  for (let panel = 0; panel < panelCount; panel++, panels += 8 * tapBytes) {
    for (const end = panels + tapBytes; panels < end; panels += 16, u += 16) {
      transformTaps(panels, tapBytes, u, uBytes);
    }
  }
}
