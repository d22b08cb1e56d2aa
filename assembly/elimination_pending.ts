import { F64_TILE_COLUMNS, F64_TILE_ROWS, gemmF64EdgeTile, gemmF64Tile6x4 } from "./gemm_f64";
import { multiplySubtractF64 } from "./simd";

/**
 * Rows of V that wait to be taken from H lie in panels of four columns, as the micro-kernel reads them:
 *
 *     | row 0: columns 0 … 3 | row 1: columns 0 … 3 | … capacity rows |  row 0: columns 4 … 7 | …
 */
function panelBytes(capacity: i32): usize {
  return <usize> capacity << 5;
}

/** Address of an element of what waits. */
export function pendingElement(pending: usize, capacity: i32, row: i32, column: i32): usize {
  return pending + <usize> (column >> 2) * panelBytes(capacity) + (<usize> row << 5) +
    (<usize> (column & 3) << 3);
}

/** An element of what waits. */
export function loadPending(pending: usize, capacity: i32, row: i32, column: i32): f64 {
  return load<f64>(pendingElement(pending, capacity, row, column));
}

/** Appends a row of whole panels. */
export function appendPendingRow(
  values: usize,
  columns: i32,
  pending: usize,
  capacity: i32,
  row: i32,
): void {
  let to = pending + (<usize> row << 5);
  for (let column = 0; column < columns; column += 4, values += 32) {
    v128.store(to, v128.load(values));
    v128.store(to, v128.load(values, 16), 16);
    to += panelBytes(capacity);
  }
}

/** Packs `width` columns of some of the waiting rows as a row panel of the micro-kernel, padded with zeros. */
function packRowPanel(
  pending: usize,
  capacity: i32,
  from: i32,
  depth: i32,
  column: i32,
  width: i32,
  panel: usize,
): void {
  for (let t = 0; t < F64_TILE_ROWS; t++) {
    let to = panel + (<usize> t << 3);
    let at = pendingElement(pending, capacity, from, column + min(t, width - 1));
    for (let k = 0; k < depth; k++, to += F64_TILE_ROWS << 3, at += 32) {
      store<f64>(to, t < width ? load<f64>(at) : 0);
    }
  }
}

/** One row −= Σ factor_k · waiting row k; the factors are column `column` of what waits. */
function subtractFromRow(
  row: usize,
  columns: i32,
  column: i32,
  pending: usize,
  capacity: i32,
  depth: i32,
): void {
  const factors = pendingElement(pending, capacity, 0, column);
  for (let left = 0; left < columns; left += 4, row += 32, pending += panelBytes(capacity)) {
    let s0 = v128.load(row), s1 = v128.load(row, 16);
    let t0 = f64x2.splat(0), t1 = t0;
    let k: usize = 0;
    const even = <usize> (depth & ~1) << 5;
    for (; k < even; k += 64) {
      const first = v128.load64_splat(factors + k), second = v128.load64_splat(factors + k, 32);
      s0 = multiplySubtractF64(first, v128.load(pending + k), s0);
      s1 = multiplySubtractF64(first, v128.load(pending + k, 16), s1);
      t0 = multiplySubtractF64(second, v128.load(pending + k, 32), t0);
      t1 = multiplySubtractF64(second, v128.load(pending + k, 48), t1);
    }
    if (depth & 1) {
      const last = v128.load64_splat(factors + k);
      s0 = multiplySubtractF64(last, v128.load(pending + k), s0);
      s1 = multiplySubtractF64(last, v128.load(pending + k, 16), s1);
    }
    v128.store(row, f64x2.add(s0, t0));
    v128.store(row, f64x2.add(s1, t1), 16);
  }
}

/**
 * Takes what waits from `count` rows of H that begin at row `first`: v −= V_·aᵀV. Six rows at a time, and the last ones one by
 * one when they would leave much of a tile empty.
 *
 * `v` has room for whole tiles of rows, `columns` is a multiple of four.
 */
export function subtractPendingRows(
  v: usize,
  columns: i32,
  first: i32,
  count: i32,
  pending: usize,
  capacity: i32,
  waiting: i32,
  rowPanel: usize,
): void {
  if (waiting == 0) return;
  const rowBytes = <usize> columns << 3;
  let row = 0;
  for (; count - row > 4; row += F64_TILE_ROWS) {
    const width = min(F64_TILE_ROWS, count - row);
    packRowPanel(pending, capacity, 0, waiting, first + row, width, rowPanel);
    let panel = pending, to = v + <usize> row * rowBytes;
    for (let column = 0; column < columns; column += F64_TILE_COLUMNS, to += 32) {
      gemmF64Tile6x4(waiting, rowPanel, panel, to, rowBytes);
      panel += panelBytes(capacity);
    }
  }
  for (; row < count; row++) {
    const to = v + <usize> row * rowBytes;
    subtractFromRow(to, columns, first + row, pending, capacity, waiting);
  }
}

/** Rows that wait which a pass over H takes along, and columns of H whose panels stay in the second-level cache. */
const DEPTH_BLOCK: i32 = 128;
const COLUMN_BLOCK: i32 = 512;

/** Bytes of workspace that `applyElimination` needs: a row panel and a tile. */
export function applyEliminationWorkspaceBytes(): usize {
  return <usize> (F64_TILE_ROWS * (DEPTH_BLOCK + F64_TILE_COLUMNS)) << 3;
}

/** H −= VᵀV for all that waits, upper tiles; the lower triangle of H is unspecified afterwards. */
export function applyElimination(
  h: usize,
  strideH: i32,
  inputs: i32,
  pending: usize,
  capacity: i32,
  waiting: i32,
  workspace: usize,
): void {
  const rowPanel = workspace;
  const tile = rowPanel + (<usize> (F64_TILE_ROWS * DEPTH_BLOCK) << 3);
  const rowBytes = <usize> strideH << 3;
  for (let from = 0; from < waiting; from += DEPTH_BLOCK) {
    const depth = min(DEPTH_BLOCK, waiting - from);
    for (let left = 0; left < inputs; left += COLUMN_BLOCK) {
      const right = min(inputs, left + COLUMN_BLOCK);
      for (let i = 0; i < right; i += F64_TILE_ROWS) {
        const rows = min(F64_TILE_ROWS, inputs - i);
        packRowPanel(pending, capacity, from, depth, i, rows, rowPanel);
        for (let j = max(left, i - (i & 3)); j < right; j += F64_TILE_COLUMNS) {
          const panel = pendingElement(pending, capacity, from, j);
          const at = h + <usize> i * rowBytes + (<usize> j << 3);
          const columns = min(F64_TILE_COLUMNS, inputs - j);
          if (rows == F64_TILE_ROWS && columns == F64_TILE_COLUMNS) {
            gemmF64Tile6x4(depth, rowPanel, panel, at, rowBytes);
          } else {
            gemmF64EdgeTile(depth, rowPanel, panel, at, rowBytes, rows, columns, tile);
          }
        }
      }
    }
  }
}
