import { multiplyAddF64 } from "./simd";

const TILE_ROWS: i32 = 6;
const TILE_COLUMNS: i32 = 4;
const DEPTH_BLOCK: i32 = 128;
const COLUMN_BLOCK: i32 = 512;
const ROW_PANEL_BYTES: usize = <usize> (TILE_ROWS * DEPTH_BLOCK) << 3;
const COLUMN_PANELS_BYTES: usize = <usize> (COLUMN_BLOCK * DEPTH_BLOCK) << 3;
const TILE_BYTES: usize = <usize> (TILE_ROWS * TILE_COLUMNS) << 3;

/** Bytes of workspace that `gemmF64Subtract` needs, whatever the sizes. */
export const GEMM_F64_WORKSPACE_BYTES: usize = ROW_PANEL_BYTES + COLUMN_PANELS_BYTES + TILE_BYTES;

/** product = AᵀB for one 6×4 tile of packed f64 panels, the product row-major; see `gemmF32Tile6x8`. */
function gemmF64Tile6x4(depth: i32, a: usize, b: usize, product: usize): void {
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
  v128.store(product, c00);
  v128.store(product, c01, 16);
  v128.store(product, c10, 32);
  v128.store(product, c11, 48);
  v128.store(product, c20, 64);
  v128.store(product, c21, 80);
  v128.store(product, c30, 96);
  v128.store(product, c31, 112);
  v128.store(product, c40, 128);
  v128.store(product, c41, 144);
  v128.store(product, c50, 160);
  v128.store(product, c51, 176);
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

/** c −= product, for the part of a tile that lies inside the matrix. */
function subtractTile(c: usize, stride: usize, rows: i32, columns: i32, product: usize): void {
  for (let i = 0; i < rows; i++, c += stride, product += 32) {
    if (columns == TILE_COLUMNS) {
      v128.store(c, f64x2.sub(v128.load(c), v128.load(product)));
      v128.store(c, f64x2.sub(v128.load(c, 16), v128.load(product, 16)), 16);
      continue;
    }
    for (let j = 0; j < columns; j++) {
      const at = <usize> j << 3;
      store<f64>(c + at, load<f64>(c + at) - load<f64>(product + at));
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
 * With `upperOnly`, tiles wholly below the diagonal of C are skipped; elements below it in a tile that straddles it
 * are written all the same, so that the lower triangle of C is unspecified afterwards.
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
  upperOnly: bool,
  workspace: usize,
): void {
  const rowPanel = workspace;
  const columnPanels = rowPanel + ROW_PANEL_BYTES;
  const product = columnPanels + COLUMN_PANELS_BYTES;
  const bytesA = <usize> strideA << 3, bytesB = <usize> strideB << 3, bytesC = <usize> strideC << 3;

  for (let k = 0; k < depth; k += DEPTH_BLOCK) {
    const blockDepth = min(DEPTH_BLOCK, depth - k);
    const panelBytes = <usize> (blockDepth * TILE_COLUMNS) << 3;
    for (let left = 0; left < columns; left += COLUMN_BLOCK) {
      const right = min(columns, left + COLUMN_BLOCK);
      let panel = columnPanels;
      for (let j = left; j < right; j += TILE_COLUMNS, panel += panelBytes) {
        const from = b + <usize> k * bytesB + (<usize> j << 3);
        packPanel(from, bytesB, blockDepth, min(TILE_COLUMNS, right - j), TILE_COLUMNS, panel);
      }
      for (let i = 0; i < rows; i += TILE_ROWS) {
        if (upperOnly && right <= i) break;
        const tileRows = min(TILE_ROWS, rows - i);
        if (leftIsPlain) {
          const from = a + <usize> i * bytesA + (<usize> k << 3);
          packTransposedPanel(from, bytesA, blockDepth, tileRows, TILE_ROWS, rowPanel);
        } else {
          const from = a + <usize> k * bytesA + (<usize> i << 3);
          packPanel(from, bytesA, blockDepth, tileRows, TILE_ROWS, rowPanel);
        }
        const first = upperOnly ? max(left, i - i % TILE_COLUMNS) : left;
        panel = columnPanels + <usize> ((first - left) / TILE_COLUMNS) * panelBytes;
        for (let j = first; j < right; j += TILE_COLUMNS, panel += panelBytes) {
          gemmF64Tile6x4(blockDepth, rowPanel, panel, product);
          const at = c + <usize> i * bytesC + (<usize> j << 3);
          subtractTile(at, bytesC, tileRows, min(TILE_COLUMNS, right - j), product);
        }
      }
    }
  }
}
