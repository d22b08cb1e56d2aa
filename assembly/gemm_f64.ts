import { multiplyAddF64 } from "./simd";

export const F64_TILE_ROWS: i32 = 6;
export const F64_TILE_COLUMNS: i32 = 4;
const DEPTH_BLOCK: i32 = 128;
const COLUMN_BLOCK: i32 = 512;
const ROW_PANEL_BYTES: usize = <usize> (F64_TILE_ROWS * DEPTH_BLOCK) << 3;
const COLUMN_PANELS_BYTES: usize = <usize> (COLUMN_BLOCK * DEPTH_BLOCK) << 3;
const TILE_BYTES: usize = <usize> (F64_TILE_ROWS * F64_TILE_COLUMNS) << 3;

/** Which elements of C `gemmF64Subtract` has to bring up to date. */
export const WHOLE: i32 = 0, UPPER: i32 = 1, LOWER: i32 = 2;

/** Bytes of workspace that `gemmF64Subtract` needs, whatever the sizes. */
export const GEMM_F64_WORKSPACE_BYTES: usize = ROW_PANEL_BYTES + COLUMN_PANELS_BYTES + TILE_BYTES;

/** Subtracts one row of a tile's product. */
function subtractRow(c: usize, left: v128, right: v128): void {
  v128.store(c, f64x2.sub(v128.load(c), left));
  v128.store(c, f64x2.sub(v128.load(c, 16), right), 16);
}

/** C −= AᵀB for one 6×4 tile of packed f64 panels, rows of C `stride` bytes apart; see `gemmF32Tile4x8`. */
export function gemmF64Tile6x4(depth: i32, a: usize, b: usize, c: usize, stride: usize): void {
  let c00 = f64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = a + <usize> depth * 48; a < end; a += 48, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let row = v128.load64_splat(a);
    c00 = multiplyAddF64(row, b0, c00);
    c01 = multiplyAddF64(row, b1, c01);
    row = v128.load64_splat(a, 8);
    c10 = multiplyAddF64(row, b0, c10);
    c11 = multiplyAddF64(row, b1, c11);
    row = v128.load64_splat(a, 16);
    c20 = multiplyAddF64(row, b0, c20);
    c21 = multiplyAddF64(row, b1, c21);
    row = v128.load64_splat(a, 24);
    c30 = multiplyAddF64(row, b0, c30);
    c31 = multiplyAddF64(row, b1, c31);
    row = v128.load64_splat(a, 32);
    c40 = multiplyAddF64(row, b0, c40);
    c41 = multiplyAddF64(row, b1, c41);
    row = v128.load64_splat(a, 40);
    c50 = multiplyAddF64(row, b0, c50);
    c51 = multiplyAddF64(row, b1, c51);
  }
  subtractRow(c, c00, c01);
  c += stride;
  subtractRow(c, c10, c11);
  c += stride;
  subtractRow(c, c20, c21);
  c += stride;
  subtractRow(c, c30, c31);
  c += stride;
  subtractRow(c, c40, c41);
  c += stride;
  subtractRow(c, c50, c51);
}

/** Runs the micro-kernel on the same panels again and again: the ceiling that benchmarks compare with. */
export function gemmF64Tile6x4Peak(
  depth: i32,
  a: usize,
  b: usize,
  tile: usize,
  repetitions: i32,
): void {
  for (let r = 0; r < repetitions; r++) gemmF64Tile6x4(depth, a, b, tile, 32);
}

/** Packs `width` columns of a row-major matrix as one panel of `tile` columns, padded with zeros. */
function packPanel(
  matrix: usize,
  stride: usize,
  depth: i32,
  width: i32,
  tile: i32,
  panel: usize,
): void {
  const tileBytes = <usize> tile << 3;
  if (width == tile) {
    for (let k = 0; k < depth; k++, matrix += stride, panel += tileBytes) {
      for (let at: usize = 0; at < tileBytes; at += 16) {
        v128.store(panel + at, v128.load(matrix + at));
      }
    }
    return;
  }
  for (let k = 0; k < depth; k++, matrix += stride, panel += tileBytes) {
    for (let t = 0; t < tile; t++) {
      const at = <usize> t << 3;
      store<f64>(panel + at, t < width ? load<f64>(matrix + at) : 0);
    }
  }
}

/** Packs `width` rows of a row-major matrix, transposed, as one panel of `tile` columns. */
function packTransposedPanel(
  matrix: usize,
  stride: usize,
  depth: i32,
  width: i32,
  tile: i32,
  panel: usize,
): void {
  const tileBytes = <usize> tile << 3;
  for (let t = 0; t < tile; t++, matrix += stride) {
    let to = panel + (<usize> t << 3);
    for (let k = 0; k < depth; k++, to += tileBytes) {
      store<f64>(to, t < width ? load<f64>(matrix + (<usize> k << 3)) : 0);
    }
  }
}

/** As `gemmF64Tile6x4` for the part of a tile that lies inside the matrix, by way of a whole tile. */
export function gemmF64EdgeTile(
  depth: i32,
  a: usize,
  b: usize,
  c: usize,
  stride: usize,
  rows: i32,
  columns: i32,
  tile: usize,
): void {
  memory.fill(tile, 0, TILE_BYTES);
  gemmF64Tile6x4(depth, a, b, tile, F64_TILE_COLUMNS << 3);
  for (let i = 0; i < rows; i++, c += stride, tile += F64_TILE_COLUMNS << 3) {
    for (let j = 0; j < columns; j++) {
      const at = <usize> j << 3;
      store<f64>(c + at, load<f64>(c + at) + load<f64>(tile + at));
    }
  }
}

/**
 * C −= AᵀB (or AB when `leftIsPlain`), row-major f64, strides in elements.
 *
 *     leftIsPlain   A is depth × rows (false) or rows × depth (true)
 *     B             depth × columns
 *     C             rows × columns
 *
 * With `UPPER`, tiles wholly below the diagonal of C are skipped; elements below it in a tile that straddles it are
 * written all the same, so that the lower triangle of C is unspecified afterwards. With `LOWER` the other way round.
 */
export function gemmF64Subtract(
  c: usize,
  strideC: i32,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  strideA: i32,
  leftIsPlain: bool,
  b: usize,
  strideB: i32,
  part: i32,
  workspace: usize,
): void {
  const rowPanel = workspace;
  const columnPanels = rowPanel + ROW_PANEL_BYTES;
  const tile = columnPanels + COLUMN_PANELS_BYTES;
  const bytesA = <usize> strideA << 3, bytesB = <usize> strideB << 3, bytesC = <usize> strideC << 3;

  for (let k = 0; k < depth; k += DEPTH_BLOCK) {
    const blockDepth = min(DEPTH_BLOCK, depth - k);
    const panelBytes = <usize> (blockDepth * F64_TILE_COLUMNS) << 3;
    for (let left = 0; left < columns; left += COLUMN_BLOCK) {
      const right = min(columns, left + COLUMN_BLOCK);
      let panel = columnPanels;
      for (let j = left; j < right; j += F64_TILE_COLUMNS, panel += panelBytes) {
        const from = b + <usize> k * bytesB + (<usize> j << 3);
        packPanel(
          from,
          bytesB,
          blockDepth,
          min(F64_TILE_COLUMNS, right - j),
          F64_TILE_COLUMNS,
          panel,
        );
      }
      for (let i = 0; i < rows; i += F64_TILE_ROWS) {
        if (part == UPPER && right <= i) break;
        const tileRows = min(F64_TILE_ROWS, rows - i);
        const end = part == LOWER ? min(right, i + tileRows) : right;
        if (end <= left) continue;
        if (leftIsPlain) {
          const from = a + <usize> i * bytesA + (<usize> k << 3);
          packTransposedPanel(from, bytesA, blockDepth, tileRows, F64_TILE_ROWS, rowPanel);
        } else {
          const from = a + <usize> k * bytesA + (<usize> i << 3);
          packPanel(from, bytesA, blockDepth, tileRows, F64_TILE_ROWS, rowPanel);
        }
        const first = part == UPPER ? max(left, i - i % F64_TILE_COLUMNS) : left;
        panel = columnPanels + <usize> ((first - left) / F64_TILE_COLUMNS) * panelBytes;
        for (let j = first; j < end; j += F64_TILE_COLUMNS, panel += panelBytes) {
          const at = c + <usize> i * bytesC + (<usize> j << 3);
          const tileColumns = min(F64_TILE_COLUMNS, right - j);
          if (tileRows == F64_TILE_ROWS && tileColumns == F64_TILE_COLUMNS) {
            gemmF64Tile6x4(blockDepth, rowPanel, panel, at, bytesC);
          } else {
            gemmF64EdgeTile(blockDepth, rowPanel, panel, at, bytesC, tileRows, tileColumns, tile);
          }
        }
      }
    }
  }
}
