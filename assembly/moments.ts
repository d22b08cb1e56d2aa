import {
  F32_TILE_COLUMNS,
  F32_TILE_ROWS,
  gemmF32Tile6x8,
  packF32ColumnPanels,
  packF32RowPanels,
} from "./gemm_f32";

/** Rows of X whose products are summed in f32 before they flow into f64. */
export const MOMENT_BLOCK_ROWS: i32 = 256;

const TILE_BYTES: usize = 48 * 8;
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

/** Bytes of workspace that `accumulateMoments` needs. */
export function momentWorkspaceBytes(inputs: i32, outputs: i32): usize {
  return panelBytes(inputs, F32_TILE_ROWS) + panelBytes(inputs, F32_TILE_COLUMNS) +
    panelBytes(outputs, F32_TILE_COLUMNS);
}

/** Bytes of the sums of G, in tiles; see `accumulateMoments`. */
export function gramTileBytes(inputs: i32): usize {
  const rowPanels = panelCount(inputs, F32_TILE_ROWS);
  const columnPanels = panelCount(inputs, F32_TILE_COLUMNS);
  let tiles: usize = 0;
  for (let i = 0; i < rowPanels; i++) tiles += columnPanels - firstColumnPanel(i);
  return tiles * TILE_BYTES;
}

/** Bytes of the sums of C, in tiles; see `accumulateMoments`. */
export function crossTileBytes(inputs: i32, outputs: i32): usize {
  return <usize> (panelCount(inputs, F32_TILE_ROWS) * panelCount(outputs, F32_TILE_COLUMNS)) *
    TILE_BYTES;
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
 * Adds XᵀX, XᵀY and the column sums of a batch to f64 sums.
 *
 * G is kept as 6×8 tiles, row panel by row panel, only those that touch the upper triangle; C as all its tiles.
 *
 *     tiles of G (· not kept)          order in memory
 *       0 1 2 3 4                      | 00 01 02 03 04 | 10 11 12 13 14 | 21 22 23 24 | 32 …
 *     0 # # # # #
 *     1 # # # # #      row panel 1 begins at row 6, in the columns of panel 0
 *     2 · # # # #      row panel 2 begins at row 12, in the columns of panel 1
 *     3 · · # # #
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
  const rowPanelCount = panelCount(inputs, F32_TILE_ROWS);
  const gramPanelCount = panelCount(inputs, F32_TILE_COLUMNS);
  const crossPanelCount = panelCount(outputs, F32_TILE_COLUMNS);

  for (let first = 0; first < rows; first += MOMENT_BLOCK_ROWS) {
    const depth = min(MOMENT_BLOCK_ROWS, rows - first);
    const blockX = x + (<usize> first * <usize> inputs << 2);
    const blockY = y + (<usize> first * <usize> outputs << 2);
    packF32RowPanels(blockX, depth, inputs, rowPanelsX);
    packF32ColumnPanels(blockX, depth, inputs, columnPanelsX);
    packF32ColumnPanels(blockY, depth, outputs, columnPanelsY);
    addColumnSums(columnPanelsX, depth, gramPanelCount, sumX, false);
    addColumnSums(columnPanelsY, depth, crossPanelCount, sumY, false);
    addColumnSums(columnPanelsY, depth, crossPanelCount, sumYY, true);

    addProducts(depth, rowPanelsX, rowPanelCount, columnPanelsX, gramPanelCount, gramTiles, true);
    addProducts(
      depth,
      rowPanelsX,
      rowPanelCount,
      columnPanelsY,
      crossPanelCount,
      crossTiles,
      false,
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
  rowPanelCount: i32,
  columnPanels: usize,
  columnPanelCount: i32,
  tiles: usize,
  upperOnly: bool,
): void {
  const rowPanelBytes = <usize> (depth * F32_TILE_ROWS) << 2;
  const columnPanelBytes = <usize> (depth * F32_TILE_COLUMNS) << 2;
  for (let left = 0; left < columnPanelCount; left += COLUMN_PANEL_BLOCK) {
    const right = min(left + COLUMN_PANEL_BLOCK, columnPanelCount);
    let rowOfTiles = tiles;
    for (let i = 0; i < rowPanelCount; i++) {
      const kept = upperOnly ? firstColumnPanel(i) : 0;
      const first = max(left, kept);
      const rowPanel = rowPanels + <usize> i * rowPanelBytes;
      let columnPanel = columnPanels + <usize> first * columnPanelBytes;
      let tile = rowOfTiles + <usize> (first - kept) * TILE_BYTES;
      for (let j = first; j < right; j++) {
        gemmF32Tile6x8(depth, rowPanel, columnPanel, tile);
        columnPanel += columnPanelBytes;
        tile += TILE_BYTES;
      }
      rowOfTiles += <usize> (columnPanelCount - kept) * TILE_BYTES;
    }
  }
}
