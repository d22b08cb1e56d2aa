import { GEMM_F64_WORKSPACE_BYTES, gemmF64Subtract } from "./gemm_f64";
import { factorBlock, solveTriangle } from "./triangular";

/**
 * Bytes of workspace that the functions of this file need, for groups of at most `groupRows` rows.
 *
 *     | U: groupRows² | Z: groupRows × outputs | V: groupRows × inputs | panels of gemmF64Subtract |
 */
export function eliminationWorkspaceBytes(inputs: i32, outputs: i32, groupRows: i32): usize {
  return (<usize> groupRows * <usize> (groupRows + outputs + inputs) << 3) +
    GEMM_F64_WORKSPACE_BYTES;
}

/** Element (row, column) of a symmetric matrix of which the upper triangle alone is kept. */
function loadSymmetric(h: usize, stride: i32, row: i32, column: i32): f64 {
  const above = min(row, column), beside = max(row, column);
  return load<f64>(h + ((<usize> above * <usize> stride + <usize> beside) << 3));
}

/** Copies H_aa (upper triangle) and W_a of one group of rows and factors H_aa = UᵀU; status as `factorBlock`. */
function factorGroup(
  h: usize,
  strideH: i32,
  w: usize,
  outputs: i32,
  rows: usize,
  count: i32,
  floor: f64,
  u: usize,
  z: usize,
): i32 {
  const bytesW = <usize> outputs << 3;
  for (let i = 0; i < count; i++) {
    const row = load<i32>(rows + (<usize> i << 2));
    for (let j = i; j < count; j++) {
      const value = loadSymmetric(h, strideH, row, load<i32>(rows + (<usize> j << 2)));
      store<f64>(u + (<usize> (i * count + j) << 3), value);
    }
    memory.copy(z + <usize> i * bytesW, w + <usize> row * bytesW, bytesW);
  }
  return factorBlock(u, count, count, floor);
}

/**
 * Adds what dropping each group of rows costs: costs[g] += tr(W_gᵀ (H_gg)⁻¹ W_g) = ‖U⁻ᵀW_g‖².
 *
 *     rows      | rows of group 0 | rows of group 1 | …       i32
 *     offsets   0, end of group 0, end of group 1, …          i32, groups + 1
 *
 * A group without rows costs nothing.
 *
 * @returns 0, or 1 + the first group whose H_gg has a pivot that is not above `floor`.
 */
export function eliminationCosts(
  h: usize,
  strideH: i32,
  w: usize,
  outputs: i32,
  rows: usize,
  offsets: usize,
  groups: i32,
  floor: f64,
  costs: usize,
  u: usize,
): i32 {
  for (let g = 0; g < groups; g++, offsets += 4, costs += 8) {
    const first = load<i32>(offsets);
    const count = load<i32>(offsets, 4) - first;
    const z = u + (<usize> count * <usize> count << 3);
    const groupRows = rows + (<usize> first << 2);
    if (factorGroup(h, strideH, w, outputs, groupRows, count, floor, u, z)) return g + 1;
    solveTriangle(u, count, count, z, outputs, outputs, false);
    let cost = 0.0;
    for (let end = z + (<usize> count * <usize> outputs << 3), at = z; at < end; at += 8) {
      cost += load<f64>(at) * load<f64>(at);
    }
    store<f64>(costs, load<f64>(costs) + cost);
  }
  return 0;
}

/**
 * Drops one group of rows: with H_aa = UᵀU, V = U⁻ᵀH_a· and Z = U⁻ᵀW_a,
 *
 *     H −= VᵀV  (upper tiles),   W −= VᵀZ,   then W_a = 0
 *
 * @returns 0, or 1 + the row of the group at which its pivot failed; nothing is changed then.
 */
export function eliminateGroup(
  h: usize,
  strideH: i32,
  inputs: i32,
  w: usize,
  outputs: i32,
  rows: usize,
  count: i32,
  floor: f64,
  workspace: usize,
): i32 {
  const u = workspace;
  const z = u + (<usize> count * <usize> count << 3);
  const v = z + (<usize> count * <usize> outputs << 3);
  const gemmWorkspace = v + (<usize> count * <usize> inputs << 3);
  const failed = factorGroup(h, strideH, w, outputs, rows, count, floor, u, z);
  if (failed) return failed;
  for (let i = 0; i < count; i++) {
    const row = load<i32>(rows + (<usize> i << 2));
    const to = v + (<usize> i * <usize> inputs << 3);
    for (let column = 0; column < inputs; column++) {
      store<f64>(to + (<usize> column << 3), loadSymmetric(h, strideH, row, column));
    }
  }
  solveTriangle(u, count, count, z, outputs, outputs, false);
  solveTriangle(u, count, count, v, inputs, inputs, false);
  gemmF64Subtract(
    h,
    strideH,
    inputs,
    inputs,
    count,
    v,
    inputs,
    false,
    v,
    inputs,
    true,
    gemmWorkspace,
  );
  gemmF64Subtract(
    w,
    outputs,
    inputs,
    outputs,
    count,
    v,
    inputs,
    false,
    z,
    outputs,
    false,
    gemmWorkspace,
  );
  const bytesW = <usize> outputs << 3;
  for (let i = 0; i < count; i++) {
    memory.fill(w + <usize> load<i32>(rows + (<usize> i << 2)) * bytesW, 0, bytesW);
  }
  return 0;
}

/**
 * Moves the listed rows (ascending) of H, its columns and the rows of W to the front, in place.
 *
 *     keep 0, 2     | a · b |      | a b · |
 *                   |   · · |  →   |   c · |     strides stay as they are
 *                   |     c |      |     · |
 */
export function compactElimination(
  h: usize,
  strideH: i32,
  w: usize,
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
  }
}
