import { F32_TILE_COLUMNS, F32_TILE_ROWS, gemmF32Tile6x8, packF32Panels } from "./gemm_f32";

/** Rows of X whose products are summed in f32 before they flow into f64. */
export const MOMENT_BLOCK_ROWS: i32 = 256;

const TILE_BYTES: usize = 48 * 8;

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

/**
 * Adds the column sums of packed panels, and of their squares where `squares` is not 0, in f64.
 *
 * Both outputs hold a whole number of panels.
 */
function addColumnSums(panels: usize, rows: i32, count: i32, sums: usize, squares: usize): void {
  const rowBytes: usize = <usize> F32_TILE_COLUMNS * 4;
  for (let panel = 0; panel < count; panel++, panels += <usize> rows * rowBytes) {
    for (let half: usize = 0; half < rowBytes; half += 16) {
      let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0;
      let at = panels + half;
      for (let r = 0; r < rows; r++, at += rowBytes) {
        const low = f64x2.promote_low_f32x4(v128.load64_zero(at));
        const high = f64x2.promote_low_f32x4(v128.load64_zero(at, 8));
        s0 = f64x2.add(s0, low);
        s1 = f64x2.add(s1, high);
        if (squares) {
          q0 = f64x2.add(q0, f64x2.mul(low, low));
          q1 = f64x2.add(q1, f64x2.mul(high, high));
        }
      }
      v128.store(sums, f64x2.add(v128.load(sums), s0));
      v128.store(sums, f64x2.add(v128.load(sums, 16), s1), 16);
      sums += 32;
      if (squares) {
        v128.store(squares, f64x2.add(v128.load(squares), q0));
        v128.store(squares, f64x2.add(v128.load(squares, 16), q1), 16);
        squares += 32;
      }
    }
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
    packF32Panels(blockX, depth, inputs, F32_TILE_ROWS, rowPanelsX);
    packF32Panels(blockX, depth, inputs, F32_TILE_COLUMNS, columnPanelsX);
    packF32Panels(blockY, depth, outputs, F32_TILE_COLUMNS, columnPanelsY);
    addColumnSums(columnPanelsX, depth, gramPanelCount, sumX, 0);
    addColumnSums(columnPanelsY, depth, crossPanelCount, sumY, sumYY);

    const rowPanelBytes = <usize> (depth * F32_TILE_ROWS) << 2;
    const columnPanelBytes = <usize> (depth * F32_TILE_COLUMNS) << 2;
    let gramTile = gramTiles;
    let crossTile = crossTiles;
    for (let i = 0; i < rowPanelCount; i++) {
      const rowPanel = rowPanelsX + <usize> i * rowPanelBytes;
      for (let j = firstColumnPanel(i); j < gramPanelCount; j++, gramTile += TILE_BYTES) {
        gemmF32Tile6x8(depth, rowPanel, columnPanelsX + <usize> j * columnPanelBytes, gramTile);
      }
      for (let j = 0; j < crossPanelCount; j++, crossTile += TILE_BYTES) {
        gemmF32Tile6x8(depth, rowPanel, columnPanelsY + <usize> j * columnPanelBytes, crossTile);
      }
    }
  }
}
