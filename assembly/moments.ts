import {
  F32_TILE_COLUMNS,
  F32_TILE_ROWS,
  gemmF32Tile4x8,
  packShiftedF32ColumnPanels,
  packShiftedF32RowPanels,
} from "./gemm_f32";

/** Rows of X whose products are summed in f32 before they flow into f64. */
export const MOMENT_BLOCK_ROWS: i32 = 256;

const TILE_BYTES: usize = F32_TILE_ROWS * F32_TILE_COLUMNS * 8;
const COLUMN_PANEL_BLOCK: i32 = 32;

function panelCount(columns: i32, tile: i32): i32 {
  return (columns + tile - 1) / tile;
}

/** Bytes of the packed panels of `columns` columns and one block of rows. */
function panelBytes(columns: i32, tile: i32): usize {
  return <usize> (panelCount(columns, tile) * tile) * <usize> MOMENT_BLOCK_ROWS * 4;
}

/** First column panel whose tile reaches the diagonal in row panel `rowPanel`. */
function firstColumnPanel(rowPanel: i32): i32 {
  return rowPanel * F32_TILE_ROWS / F32_TILE_COLUMNS;
}

/** Numbers in a vector with one for every column of whole panels, of four or of eight. */
function vectorLength(columns: i32): i32 {
  return panelCount(columns, F32_TILE_COLUMNS) * F32_TILE_COLUMNS + F32_TILE_COLUMNS;
}

/**
 * Bytes of what a block's columns are lessened by before they are multiplied, and of their sums. Products in f32 then are
 * of the size of the deviations, whatever the means.
 *
 *     | shift (f32) | shift (f64) | rest: Σ(x − shift) (f64) | raw: Σx (f64) | squares: Σ(x − shift)² (f64) |
 *                                                                              each of `vectorLength` numbers
 */
function shiftBytes(columns: i32): usize {
  return <usize> vectorLength(columns) * 36;
}

function wideShift(shift: usize, columns: i32): usize {
  return shift + (<usize> vectorLength(columns) << 2);
}

function restSums(shift: usize, columns: i32): usize {
  return shift + <usize> vectorLength(columns) * 12;
}

function rawSums(shift: usize, columns: i32): usize {
  return shift + <usize> vectorLength(columns) * 20;
}

function restSquares(shift: usize, columns: i32): usize {
  return shift + <usize> vectorLength(columns) * 28;
}

/** Bytes of workspace that `accumulateMoments` needs; an f64, since that may pass the addresses there are. */
export function momentWorkspaceBytes(inputs: i32, outputs: i32): f64 {
  return <f64> panelBytes(inputs, F32_TILE_ROWS) + <f64> panelBytes(inputs, F32_TILE_COLUMNS) +
    <f64> panelBytes(outputs, F32_TILE_COLUMNS) + <f64> shiftBytes(inputs) +
    <f64> shiftBytes(outputs) + <f64> TILE_BYTES;
}

/** Bytes of the sums of G, in tiles; see `accumulateMoments`. */
export function gramTileBytes(inputs: i32): f64 {
  const rowPanels = panelCount(inputs, F32_TILE_ROWS);
  const columnPanels = panelCount(inputs, F32_TILE_COLUMNS);
  let tiles: f64 = 0;
  for (let i = 0; i < rowPanels; i++) tiles += <f64> (columnPanels - firstColumnPanel(i));
  return tiles * <f64> TILE_BYTES;
}

/** Bytes of the sums of C, in tiles; see `accumulateMoments`. */
export function crossTileBytes(inputs: i32, outputs: i32): f64 {
  return <f64> panelCount(inputs, F32_TILE_ROWS) * <f64> panelCount(outputs, F32_TILE_COLUMNS) *
    <f64> TILE_BYTES;
}

/** Rows of a block whose mean is its shift: any number near the mean will do. */
const SHIFT_ROWS: i32 = 16;

/** Sets a block's shifts to the means of some of its rows, and the sums of what is left to 0. */
function chooseShift(matrix: usize, rows: i32, columns: i32, shift: usize): void {
  memory.fill(shift, 0, shiftBytes(columns));
  const wide = wideShift(shift, columns);
  const taken = min(rows, SHIFT_ROWS);
  const stride = (<usize> (rows / taken) * <usize> columns) << 2;
  const share: f32 = 1 / <f32> taken;
  for (let c = 0; c < columns; c++) {
    const column = <usize> c << 2;
    let sum: f32 = 0;
    for (let r = 0, from = matrix + column; r < taken; r++, from += stride) sum += load<f32>(from);
    store<f32>(shift + column, sum * share);
    store<f64>(wide + (column << 1), <f64> (sum * share));
  }
}

/** Completes the raw sums of a block: what is left, and what it was lessened by. */
function completeSums(rows: i32, columns: i32, shift: usize): void {
  const wide = wideShift(shift, columns), rest = restSums(shift, columns);
  const sum = rawSums(shift, columns);
  for (let offset: usize = 0; offset < <usize> columns << 3; offset += 8) {
    store<f64>(sum + offset, load<f64>(rest + offset) + <f64> rows * load<f64>(wide + offset));
  }
}

/** sums += the raw sums of a block. */
function addRawSums(columns: i32, shift: usize, sums: usize): void {
  const sum = rawSums(shift, columns);
  for (let offset: usize = 0; offset < <usize> columns << 3; offset += 8) {
    store<f64>(sums + offset, load<f64>(sums + offset) + load<f64>(sum + offset));
  }
}

/** squares += Σy² of a block: Σ(y − shift)² + shift · (Σ(y − shift) + Σy). */
function addRawSquares(columns: i32, shift: usize, squares: usize): void {
  const wide = wideShift(shift, columns), rest = restSums(shift, columns);
  const raw = rawSums(shift, columns), restSquared = restSquares(shift, columns);
  for (let offset: usize = 0; offset < <usize> columns << 3; offset += 8) {
    const both = load<f64>(rest + offset) + load<f64>(raw + offset);
    const square = load<f64>(restSquared + offset) + load<f64>(wide + offset) * both;
    store<f64>(squares + offset, load<f64>(squares + offset) + square);
  }
}

/** sum + the first two f32 lanes, or their squares, in f64. */
function addLanes(values: v128, sum: v128, squared: bool): v128 {
  const wide = f64x2.promote_low_f32x4(values);
  return f64x2.add(sum, squared ? f64x2.mul(wide, wide) : wide);
}

/** Adds the column sums of packed column panels, or the sums of their squares, in f64; `sums` has whole panels too. */
function addColumnSums(panels: usize, rows: i32, count: i32, sums: usize, squared: bool): void {
  for (let panel = 0; panel < count; panel++, sums += 64) {
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let r = 0; r < rows; r++, panels += 32) {
      s0 = addLanes(v128.load64_zero(panels), s0, squared);
      s1 = addLanes(v128.load64_zero(panels, 8), s1, squared);
      s2 = addLanes(v128.load64_zero(panels, 16), s2, squared);
      s3 = addLanes(v128.load64_zero(panels, 24), s3, squared);
    }
    v128.store(sums, f64x2.add(v128.load(sums), s0));
    v128.store(sums, f64x2.add(v128.load(sums, 16), s1), 16);
    v128.store(sums, f64x2.add(v128.load(sums, 32), s2), 32);
    v128.store(sums, f64x2.add(v128.load(sums, 48), s3), 48);
  }
}

/**
 * Adds a tile of the products of what is left to the sums, with what makes them those of the block, and zeroes it. With shifts a and b,
 * sums of what is left α and raw sums β of its rows and its columns:
 *
 *     Σ x yᵀ = Σ (x − a)(y − b)ᵀ + a βᵀ + α bᵀ
 */
function addShiftedTile(
  products: usize,
  a: usize,
  alpha: usize,
  b: usize,
  beta: usize,
  sums: usize,
): void {
  for (let r = 0; r < F32_TILE_ROWS; r++, a += 8, alpha += 8) {
    const ar = v128.load64_splat(a), alphar = v128.load64_splat(alpha);
    for (let at: usize = 0; at < 64; at += 16, products += 16, sums += 16) {
      const raw = f64x2.add(
        f64x2.mul(ar, v128.load(beta + at)),
        f64x2.mul(alphar, v128.load(b + at)),
      );
      v128.store(sums, f64x2.add(v128.load(sums), f64x2.add(v128.load(products), raw)));
      v128.store(products, i64x2.splat(0));
    }
  }
}

/**
 * Adds XᵀX, XᵀY and the column sums of a batch to f64 sums.
 *
 * G is kept as 4×8 tiles, row panel by row panel, only those that touch the upper triangle; C as all its tiles.
 *
 *     tiles of G (· not kept)          order in memory
 *       0 1 2 3 4                      | 00 01 02 03 04 | 10 11 12 13 14 | 21 22 23 24 | 31 …
 *     0 # # # # #
 *     1 # # # # #      row panel 1 begins at row 4, in the columns of panel 0
 *     2 · # # # #      row panel 2 begins at row 8, in the columns of panel 1
 *     3 · # # # #
 *
 * Columns are lessened by numbers near their means before they are multiplied in f32, block by block, and what that takes
 * away is added in f64: else a mean of a hundred deviations would leave two digits of G about the means.
 *
 * `sumX` holds whole panels of eight f64, `sumY` and `sumYY` too; padding stays zero.
 */
export function accumulateMoments(
  x: usize,
  y: usize,
  rows: i32,
  inputs: i32,
  outputs: i32,
  gramTiles: usize,
  crossTiles: usize,
  sumX: usize,
  sumY: usize,
  sumYY: usize,
  workspace: usize,
): void {
  const rowPanelsX = workspace;
  const columnPanelsX = rowPanelsX + panelBytes(inputs, F32_TILE_ROWS);
  const columnPanelsY = columnPanelsX + panelBytes(inputs, F32_TILE_COLUMNS);
  const shiftX = columnPanelsY + panelBytes(outputs, F32_TILE_COLUMNS);
  const shiftY = shiftX + shiftBytes(inputs);
  const tile = shiftY + shiftBytes(outputs);
  const gramPanelCount = panelCount(inputs, F32_TILE_COLUMNS);
  const crossPanelCount = panelCount(outputs, F32_TILE_COLUMNS);

  memory.fill(tile, 0, TILE_BYTES);
  for (let first = 0; first < rows; first += MOMENT_BLOCK_ROWS) {
    const depth = min(MOMENT_BLOCK_ROWS, rows - first);
    const blockX = x + (<usize> first * <usize> inputs << 2);
    const blockY = y + (<usize> first * <usize> outputs << 2);
    chooseShift(blockX, depth, inputs, shiftX);
    chooseShift(blockY, depth, outputs, shiftY);
    packShiftedF32RowPanels(blockX, depth, inputs, rowPanelsX, shiftX);
    packShiftedF32ColumnPanels(blockX, depth, inputs, columnPanelsX, shiftX);
    packShiftedF32ColumnPanels(blockY, depth, outputs, columnPanelsY, shiftY);
    addColumnSums(columnPanelsX, depth, gramPanelCount, restSums(shiftX, inputs), false);
    addColumnSums(columnPanelsY, depth, crossPanelCount, restSums(shiftY, outputs), false);
    addColumnSums(columnPanelsY, depth, crossPanelCount, restSquares(shiftY, outputs), true);
    completeSums(depth, inputs, shiftX);
    completeSums(depth, outputs, shiftY);
    addRawSums(inputs, shiftX, sumX);
    addRawSums(outputs, shiftY, sumY);
    addRawSquares(outputs, shiftY, sumYY);

    addProducts(
      depth,
      rowPanelsX,
      inputs,
      shiftX,
      columnPanelsX,
      inputs,
      shiftX,
      gramTiles,
      true,
      tile,
    );
    addProducts(
      depth,
      rowPanelsX,
      inputs,
      shiftX,
      columnPanelsY,
      outputs,
      shiftY,
      crossTiles,
      false,
      tile,
    );
  }
}

/**
 * Runs the micro-kernel over all tiles of a product, or over those that touch its upper triangle.
 *
 * Column panels are taken 32 at a time: those stay in the second-level cache while every row panel passes by, and a row
 * panel stays in the first while 32 column panels pass by.
 */
function addProducts(
  depth: i32,
  rowPanels: usize,
  rows: i32,
  rowShift: usize,
  columnPanels: usize,
  columns: i32,
  columnShift: usize,
  tiles: usize,
  upperOnly: bool,
  products: usize,
): void {
  const rowPanelCount = panelCount(rows, F32_TILE_ROWS);
  const columnPanelCount = panelCount(columns, F32_TILE_COLUMNS);
  const rowPanelBytes = <usize> (depth * F32_TILE_ROWS) << 2;
  const columnPanelBytes = <usize> (depth * F32_TILE_COLUMNS) << 2;
  const a = wideShift(rowShift, rows), alpha = restSums(rowShift, rows);
  const b = wideShift(columnShift, columns), beta = rawSums(columnShift, columns);
  for (let left = 0; left < columnPanelCount; left += COLUMN_PANEL_BLOCK) {
    const right = min(left + COLUMN_PANEL_BLOCK, columnPanelCount);
    let rowOfTiles = tiles;
    for (let i = 0; i < rowPanelCount; i++) {
      const kept = upperOnly ? firstColumnPanel(i) : 0;
      const first = max(left, kept);
      const row = <usize> (i * F32_TILE_ROWS) << 3;
      const rowPanel = rowPanels + <usize> i * rowPanelBytes;
      let columnPanel = columnPanels + <usize> first * columnPanelBytes;
      let tile = rowOfTiles + <usize> (first - kept) * TILE_BYTES;
      for (let j = first; j < right; j++) {
        const column = <usize> j << 6;
        gemmF32Tile4x8(depth, rowPanel, columnPanel, products);
        addShiftedTile(products, a + row, alpha + row, b + column, beta + column, tile);
        columnPanel += columnPanelBytes;
        tile += TILE_BYTES;
      }
      rowOfTiles += <usize> (columnPanelCount - kept) * TILE_BYTES;
    }
  }
}
