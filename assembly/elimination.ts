import { groupCost, squaredDistance, subtractOuterProduct } from "./elimination_rows";
import { appendPendingRow, loadPending, subtractPendingRows } from "./elimination_pending";
import {
  factorBlock,
  SOLVE_COLUMNS,
  solveTriangle,
  solveTriangleWorkspaceBytes,
} from "./triangular";
import { subtractScaledF64 } from "./vector_f64";

/** Element (row, column) of a symmetric matrix of which the upper triangle alone is kept. */
function loadSymmetric(h: usize, stride: i32, row: i32, column: i32): f64 {
  const above = min(row, column), beside = max(row, column);
  return load<f64>(h + ((<usize> above * <usize> stride + <usize> beside) << 3));
}

/** Numbers of a row of H in the workspace: whole panels of four columns. */
export function paddedColumns(inputs: i32): i32 {
  return (inputs + 3) & ~3;
}

/**
 * Bytes of workspace that the functions of this file need, for groups of at most `groupRows` rows and `pendingRows` rows
 * that may wait.
 *
 *     | U, factors: groupRows² each | Z: groupRows × outputs | solved rows: groupRows × 16 |
 *     | V: rows of whole tiles × padded inputs | row panel of what waits |
 */
export function eliminationWorkspaceBytes(
  inputs: i32,
  outputs: i32,
  groupRows: i32,
  pendingRows: i32,
): f64 {
  const rows = <f64> groupRows;
  return 8 * (rows * (2 * rows + <f64> outputs + <f64> SOLVE_COLUMNS) +
    (rows + 6) * <f64> paddedColumns(inputs) + 6 * <f64> pendingRows);
}

/** Where Z is in the workspace of `eliminationWorkspaceBytes`. */
function addressOfZ(workspace: usize, groupRows: i32): usize {
  return workspace + (<usize> groupRows * <usize> groupRows << 4);
}

/** Where the solved rows are in it. */
export function addressOfSolved(workspace: usize, groupRows: i32, outputs: i32): usize {
  return addressOfZ(workspace, groupRows) + (<usize> groupRows * <usize> outputs << 3);
}

/** Where V is in it. */
export function addressOfV(workspace: usize, groupRows: i32, outputs: i32): usize {
  return addressOfSolved(workspace, groupRows, outputs) + solveTriangleWorkspaceBytes(groupRows);
}

/**
 * Puts U of H_aa = UᵀU at the beginning of the workspace.
 *
 * @returns 0, or 1 + the row of the group at which its pivot failed.
 */
export function factorGroup(block: usize, count: i32, floor: f64, workspace: usize): i32 {
  memory.copy(workspace, block, <usize> count * <usize> count << 3);
  return factorBlock(workspace, count, count, floor);
}

/**
 * Drops a group whose U and H_a· stand in the workspace: V = U⁻ᵀH_a· is appended to the rows that wait, Z = U⁻ᵀW_a is left in
 * the workspace, and W_a becomes 0.
 */
export function dropGroup(
  inputs: i32,
  w: usize,
  outputs: i32,
  first: i32,
  count: i32,
  pending: usize,
  capacity: i32,
  waiting: i32,
  groupRows: i32,
  workspace: usize,
): void {
  const solved = addressOfSolved(workspace, groupRows, outputs);
  const v = addressOfV(workspace, groupRows, outputs);
  const columns = paddedColumns(inputs);
  solveTriangle(workspace, count, count, v, columns, columns, false, solved);
  for (let i = 0; i < count; i++) {
    const row = v + (<usize> i * <usize> columns << 3);
    appendPendingRow(row, columns, pending, capacity, waiting + i);
  }
  const z = addressOfZ(workspace, groupRows);
  const rowBytes = <usize> outputs << 3;
  memory.copy(z, w + <usize> first * rowBytes, <usize> count * rowBytes);
  solveTriangle(workspace, count, count, z, outputs, outputs, false, solved);
  memory.fill(w + <usize> first * rowBytes, 0, <usize> count * rowBytes);
}

/**
 * Drops a group of adjacent rows, as far as its own rows of H and W go. With H_aa = UᵀU,
 *
 *     V = U⁻ᵀH_a·  waits behind the rows that wait already, to be taken from H by `applyElimination`: H −= VᵀV
 *     Z = U⁻ᵀW_a   is left in the workspace, for `updateGroups`
 *
 *     H_a·   | column by column above the group | row by row beside it |, less what waits
 *
 * `block` is H_aa as it is now, count × count; `waiting` rows of V wait, and there is room for `count` more.
 *
 * @returns 0, or 1 + the row of the group at which its pivot failed; nothing is changed then.
 */
export function eliminateGroup(
  h: usize,
  strideH: i32,
  inputs: i32,
  w: usize,
  outputs: i32,
  first: i32,
  count: i32,
  block: usize,
  floor: f64,
  pending: usize,
  capacity: i32,
  waiting: i32,
  groupRows: i32,
  workspace: usize,
): i32 {
  const failed = factorGroup(block, count, floor, workspace);
  if (failed) return failed;
  const v = addressOfV(workspace, groupRows, outputs);
  const columns = paddedColumns(inputs);
  for (let i = 0; i < count; i++) {
    const to = v + (<usize> i * <usize> columns << 3);
    for (let column = 0; column < inputs; column++) {
      store<f64>(to + (<usize> column << 3), loadSymmetric(h, strideH, first + i, column));
    }
    for (let column = inputs; column < columns; column++) {
      store<f64>(to + (<usize> column << 3), 0);
    }
  }
  const rowPanel = v + (<usize> (groupRows + 6) * <usize> columns << 3);
  subtractPendingRows(v, columns, first, count, pending, capacity, waiting, rowPanel);
  dropGroup(
    inputs,
    w,
    outputs,
    first,
    count,
    pending,
    capacity,
    waiting,
    groupRows,
    workspace,
  );
  return 0;
}

/**
 * Brings the groups that are left up to date after `eliminateGroup`, and says what dropping each costs. For every group g,
 *
 *     W_g −= V_gᵀZ,   H_gg −= V_gᵀV_g,   cost = tr(W_gᵀ (H_gg)⁻¹ W_g) = ‖U_g⁻ᵀW_g‖²,   distance = ‖W_g − old_g‖²
 *
 *     table | index, first row, rows, where its block begins among `blocks` | …      four i32 a group
 *
 * The new rows of V are the `dropped` ones behind `waiting`; none at the beginning, when costs alone are asked for. The cost
 * of a group whose H_gg has a pivot that is not above `floor` is NaN. `costs` and `distances` go by the groups' indices.
 */
export function updateGroups(
  w: usize,
  old: usize,
  outputs: i32,
  table: usize,
  groups: i32,
  blocks: usize,
  floor: f64,
  costs: usize,
  distances: usize,
  pending: usize,
  capacity: i32,
  waiting: i32,
  dropped: i32,
  groupRows: i32,
  workspace: usize,
): void {
  const factors = workspace + (<usize> groupRows * <usize> groupRows << 3);
  const z = addressOfZ(workspace, groupRows);
  const solved = addressOfSolved(workspace, groupRows, outputs);
  for (let g = 0; g < groups; g++, table += 16) {
    const at = <usize> load<i32>(table) << 3;
    const first = load<i32>(table, 4), count = load<i32>(table, 8);
    const block = blocks + (<usize> load<i32>(table, 12) << 3);
    const rows = w + (<usize> first * <usize> outputs << 3);
    for (let p = 0; p < dropped; p++) {
      const to = factors + (<usize> (p * count) << 3);
      for (let i = 0; i < count; i++) {
        store<f64>(to + (<usize> i << 3), loadPending(pending, capacity, waiting + p, first + i));
      }
    }
    subtractOuterProduct(rows, count, outputs, factors, dropped, z);
    updateBlock(block, count, factors, dropped);
    const failed = factorGroup(block, count, floor, workspace);
    store<f64>(costs + at, failed ? NaN : groupCost(workspace, count, rows, outputs, solved));
    const oldRows = old + (<usize> first * <usize> outputs << 2);
    store<f64>(distances + at, squaredDistance(rows, oldRows, count * outputs));
  }
}

/** H_gg −= V_gᵀV_g, upper triangle; V_g is depth × count. */
function updateBlock(block: usize, count: i32, v: usize, depth: i32): void {
  const bytes = <usize> count << 3;
  for (let p = 0; p < depth; p++, v += bytes) {
    for (let i = 0; i < count; i++) {
      const at = (<usize> i * bytes) + (<usize> i << 3);
      const factor = load<f64>(v + (<usize> i << 3));
      subtractScaledF64(factor, v + (<usize> i << 3), block + at, count - i);
    }
  }
}

/**
 * Moves the listed rows (ascending) of H, its columns, and the rows of W and of the old weights to the front, in place.
 *
 *     keep 0, 2     | a · b |      | a b · |
 *                   |   · · |  →   |   c · |     strides stay as they are
 *                   |     c |      |     · |
 */
export function compactElimination(
  h: usize,
  strideH: i32,
  w: usize,
  old: usize,
  outputs: i32,
  kept: usize,
  count: i32,
): void {
  const bytesH = <usize> strideH << 3, bytesW = <usize> outputs << 3;
  for (let i = 0; i < count; i++) {
    const row = <usize> load<i32>(kept + (<usize> i << 2));
    const from = h + row * bytesH, to = h + <usize> i * bytesH;
    for (let j = i; j < count; j++) {
      const column = <usize> load<i32>(kept + (<usize> j << 2));
      store<f64>(to + (<usize> j << 3), load<f64>(from + (column << 3)));
    }
    memory.copy(w + <usize> i * bytesW, w + row * bytesW, bytesW);
    memory.copy(old + <usize> i * (bytesW >> 1), old + row * (bytesW >> 1), bytesW >> 1);
  }
}
