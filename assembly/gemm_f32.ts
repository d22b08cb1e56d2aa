import { multiplyAddF32 } from "./simd";

/** Rows of the micro-tile: columns of the left operand that a row panel interleaves. */
export const F32_TILE_ROWS: i32 = 6;
/** Columns of the micro-tile: columns of the right operand that a column panel interleaves. */
export const F32_TILE_COLUMNS: i32 = 8;

/** Adds four f32 lanes to four f64 sums. */
function flushF32Lanes(lanes: v128, sums: usize): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(lanes)));
  const high = v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3);
  v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** Two rows of a tile, for builds without fused multiply-adds; panels as in `gemmF32Tile6x8`, `a` at the first row. */
function gemmF32Tile2x8(depth: i32, a: usize, b: usize, sums: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  for (const end = a + <usize> depth * 24; a < end; a += 24, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let row = v128.load32_splat(a);
    c00 = multiplyAddF32(row, b0, c00);
    c01 = multiplyAddF32(row, b1, c01);
    row = v128.load32_splat(a, 4);
    c10 = multiplyAddF32(row, b0, c10);
    c11 = multiplyAddF32(row, b1, c11);
  }
  flushF32Lanes(c00, sums);
  flushF32Lanes(c01, sums + 32);
  flushF32Lanes(c10, sums + 64);
  flushF32Lanes(c11, sums + 96);
}

/**
 * sums += AᵀB for one 6×8 tile: products accumulate in f32 over `depth` rows, then flow into 48 f64 sums (row-major).
 *
 *     a  | r0: x0 … x5 | r1: x0 … x5 | …      row panel,    depth·6 floats
 *     b  | r0: y0 … y7 | r1: y0 … y7 | …      column panel, depth·8 floats
 *
 * Twelve accumulators, two columns of b and one broadcast of a fill the 15 vector registers that V8 has to give on
 * x86-64. A product that waits for its addition needs a sixteenth, so that the plain build takes two rows at a time
 * instead of spilling: 39 GFLOP/s against 30.
 */
export function gemmF32Tile6x8(depth: i32, a: usize, b: usize, sums: usize): void {
  if (!ASC_FEATURE_RELAXED_SIMD) {
    gemmF32Tile2x8(depth, a, b, sums);
    gemmF32Tile2x8(depth, a + 8, b, sums + 128);
    gemmF32Tile2x8(depth, a + 16, b, sums + 256);
    return;
  }
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = a + <usize> depth * 24; a < end; a += 24, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let row = v128.load32_splat(a);
    c00 = multiplyAddF32(row, b0, c00);
    c01 = multiplyAddF32(row, b1, c01);
    row = v128.load32_splat(a, 4);
    c10 = multiplyAddF32(row, b0, c10);
    c11 = multiplyAddF32(row, b1, c11);
    row = v128.load32_splat(a, 8);
    c20 = multiplyAddF32(row, b0, c20);
    c21 = multiplyAddF32(row, b1, c21);
    row = v128.load32_splat(a, 12);
    c30 = multiplyAddF32(row, b0, c30);
    c31 = multiplyAddF32(row, b1, c31);
    row = v128.load32_splat(a, 16);
    c40 = multiplyAddF32(row, b0, c40);
    c41 = multiplyAddF32(row, b1, c41);
    row = v128.load32_splat(a, 20);
    c50 = multiplyAddF32(row, b0, c50);
    c51 = multiplyAddF32(row, b1, c51);
  }
  flushF32Lanes(c00, sums);
  flushF32Lanes(c01, sums + 32);
  flushF32Lanes(c10, sums + 64);
  flushF32Lanes(c11, sums + 96);
  flushF32Lanes(c20, sums + 128);
  flushF32Lanes(c21, sums + 160);
  flushF32Lanes(c30, sums + 192);
  flushF32Lanes(c31, sums + 224);
  flushF32Lanes(c40, sums + 256);
  flushF32Lanes(c41, sums + 288);
  flushF32Lanes(c50, sums + 320);
  flushF32Lanes(c51, sums + 352);
}

/**
 * Runs the micro-kernel again and again on the same two panels: its speed when nothing waits for memory, the ceiling
 * that benchmarks compare with.
 */
export function gemmF32Tile6x8Peak(
  depth: i32,
  a: usize,
  b: usize,
  sums: usize,
  repetitions: i32,
): void {
  for (let r = 0; r < repetitions; r++) gemmF32Tile6x8(depth, a, b, sums);
}

/** Packs the last `width` columns of a matrix as one panel of `tile` columns, padded with zeros. */
function packLastPanel(
  from: usize,
  rowBytes: usize,
  rows: i32,
  width: i32,
  tile: i32,
  panel: usize,
  shift: usize,
): void {
  for (let r = 0; r < rows; r++, from += rowBytes) {
    for (let t = 0; t < tile; t++, panel += 4) {
      const at = <usize> t << 2;
      const value: f32 = t < width ? load<f32>(from + at) : 0;
      store<f32>(panel, shift && t < width ? value - load<f32>(shift + at) : value);
    }
  }
}

/**
 * Packs a row-major matrix into panels of eight columns, the last one padded with zeros.
 *
 *     matrix (rows × columns)         panels
 *     | p0 p0 p1 p1 p2 |              | p0: r0 r1 … | p1: r0 r1 … | p2: r0 r1 … |
 *     | p0 p0 p1 p1 p2 |              each rows·8 floats (drawn with two columns a panel)
 */
export function packF32ColumnPanels(matrix: usize, rows: i32, columns: i32, panels: usize): void {
  packShiftedF32ColumnPanels(matrix, rows, columns, panels, 0);
}

/** As `packF32ColumnPanels`, every column lessened by its number in `shift`: `columns` floats; none are where that is 0. */
export function packShiftedF32ColumnPanels(
  matrix: usize,
  rows: i32,
  columns: i32,
  panels: usize,
  shift: usize,
): void {
  const rowBytes = <usize> columns << 2;
  const rest = columns % F32_TILE_COLUMNS;
  let s0 = f32x4.splat(0), s1 = s0;
  for (const last = matrix + (<usize> (columns - rest) << 2); matrix < last; matrix += 32) {
    if (shift) {
      s0 = v128.load(shift);
      s1 = v128.load(shift, 16);
      shift += 32;
    }
    let from = matrix;
    for (let r = 0; r < rows; r++, from += rowBytes, panels += 32) {
      v128.store(panels, f32x4.sub(v128.load(from), s0));
      v128.store(panels, f32x4.sub(v128.load(from, 16), s1), 16);
    }
  }
  if (rest) packLastPanel(matrix, rowBytes, rows, rest, F32_TILE_COLUMNS, panels, shift);
}

/** Packs a row-major matrix into panels of six columns, as `packShiftedF32ColumnPanels`. */
export function packShiftedF32RowPanels(
  matrix: usize,
  rows: i32,
  columns: i32,
  panels: usize,
  shift: usize,
): void {
  const rowBytes = <usize> columns << 2;
  const rest = columns % F32_TILE_ROWS;
  let s0 = f32x4.splat(0), s1 = s0;
  for (const last = matrix + (<usize> (columns - rest) << 2); matrix < last; matrix += 24) {
    if (shift) {
      s0 = v128.load(shift);
      s1 = v128.load64_zero(shift, 16);
      shift += 24;
    }
    let from = matrix;
    for (let r = 0; r < rows; r++, from += rowBytes, panels += 24) {
      v128.store(panels, f32x4.sub(v128.load(from), s0));
      const pair = f32x4.sub(v128.load64_zero(from, 16), s1);
      v128.store64_lane(panels, pair, 0, 16);
    }
  }
  if (rest) packLastPanel(matrix, rowBytes, rows, rest, F32_TILE_ROWS, panels, shift);
}
