import { multiplyAddF32, splatLane0, splatLane1, splatLane2, splatLane3 } from "./simd";

/** Rows of the micro-tile: columns of the left operand that a row panel interleaves. */
export const F32_TILE_ROWS: i32 = 4;
/** Columns of the micro-tile: columns of the right operand that a column panel interleaves. */
export const F32_TILE_COLUMNS: i32 = 8;

/** Adds four f32 lanes to four f64 sums. */
function flushF32Lanes(lanes: v128, sums: usize): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(lanes)));
  const high = v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3);
  v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
}

/**
 * sums += AᵀB for one 4×8 tile: products accumulate in f32 over `depth` rows, then flow into 32 f64 sums (row-major).
 *
 *     a  | r0: x0 … x3 | r1: x0 … x3 | …      row panel,    depth·4 floats
 *     b  | r0: y0 … y7 | r1: y0 … y7 | …      column panel, depth·8 floats
 *
 * A row of a is loaded at once and spread over vectors: where the engine checks every address, loads are dear.
 */
export function gemmF32Tile4x8(depth: i32, a: usize, b: usize, sums: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (const end = a + (<usize> depth << 4); a < end; a += 16, b += 32) {
    const row = v128.load(a), b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = splatLane0(row);
    c00 = multiplyAddF32(x, b0, c00);
    c01 = multiplyAddF32(x, b1, c01);
    x = splatLane1(row);
    c10 = multiplyAddF32(x, b0, c10);
    c11 = multiplyAddF32(x, b1, c11);
    x = splatLane2(row);
    c20 = multiplyAddF32(x, b0, c20);
    c21 = multiplyAddF32(x, b1, c21);
    x = splatLane3(row);
    c30 = multiplyAddF32(x, b0, c30);
    c31 = multiplyAddF32(x, b1, c31);
  }
  flushF32Lanes(c00, sums);
  flushF32Lanes(c01, sums + 32);
  flushF32Lanes(c10, sums + 64);
  flushF32Lanes(c11, sums + 96);
  flushF32Lanes(c20, sums + 128);
  flushF32Lanes(c21, sums + 160);
  flushF32Lanes(c30, sums + 192);
  flushF32Lanes(c31, sums + 224);
}

/**
 * Runs the micro-kernel again and again on the same two panels: its speed when nothing waits for memory, the ceiling
 * that benchmarks compare with.
 */
export function gemmF32Tile4x8Peak(
  depth: i32,
  a: usize,
  b: usize,
  sums: usize,
  repetitions: i32,
): void {
  for (let r = 0; r < repetitions; r++) gemmF32Tile4x8(depth, a, b, sums);
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

/** Packs a row-major matrix into panels of four columns, as `packShiftedF32ColumnPanels`. */
export function packShiftedF32RowPanels(
  matrix: usize,
  rows: i32,
  columns: i32,
  panels: usize,
  shift: usize,
): void {
  const rowBytes = <usize> columns << 2;
  const rest = columns % F32_TILE_ROWS;
  let lessened = f32x4.splat(0);
  for (const last = matrix + (<usize> (columns - rest) << 2); matrix < last; matrix += 16) {
    if (shift) {
      lessened = v128.load(shift);
      shift += 16;
    }
    let from = matrix;
    for (let r = 0; r < rows; r++, from += rowBytes, panels += 16) {
      v128.store(panels, f32x4.sub(v128.load(from), lessened));
    }
  }
  if (rest) packLastPanel(matrix, rowBytes, rows, rest, F32_TILE_ROWS, panels, shift);
}
