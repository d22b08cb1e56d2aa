import { addressOfSolved, addressOfV, dropGroup, factorGroup, paddedColumns } from "./elimination";
import { GEMM_F64_WORKSPACE_BYTES, gemmF64Subtract, UPPER, WHOLE } from "./gemm_f64";
import { solveTriangle } from "./triangular";

/**
 * Bytes that the functions of this file need beside `eliminationWorkspaceBytes`.
 *
 *     | B: samples × groupRows | C, −C: groupRows × samples each | panels of gemmF64Subtract |
 */
export function sampleEliminationWorkspaceBytes(samples: i32, groupRows: i32): f64 {
  return <f64> (24 * groupRows) * <f64> samples + <f64> GEMM_F64_WORKSPACE_BYTES;
}

/** product = AᵀB or AB, row-major f64; strides in elements. */
export function multiplyF64(
  product: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  strideA: i32,
  leftIsPlain: bool,
  b: usize,
  strideB: i32,
  workspace: usize,
): void {
  const bytes = <usize> rows * <usize> columns << 3;
  memory.fill(product, 0, bytes);
  gemmF64Subtract(
    product,
    columns,
    rows,
    columns,
    depth,
    a,
    strideA,
    leftIsPlain,
    b,
    strideB,
    WHOLE,
    workspace,
  );
  negate(product, product, bytes);
}

/** Bytes of workspace of `multiplyF64`. */
export function multiplyF64WorkspaceBytes(): usize {
  return GEMM_F64_WORKSPACE_BYTES;
}

function negate(from: usize, to: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<f64>(to + at, -load<f64>(from + at));
}

/**
 * H_gg = I − X_gᵀPX_g for every group of adjacent columns of X, upper triangles; the table is that of `updateGroups`.
 *
 * `product` has room for samples × groupRows, then for groupRows × groupRows.
 */
export function sampleBlocks(
  x: usize,
  inputs: i32,
  p: usize,
  samples: i32,
  table: usize,
  groups: i32,
  blocks: usize,
  product: usize,
  workspace: usize,
): void {
  for (let g = 0; g < groups; g++, table += 16) {
    const columns = x + (<usize> load<i32>(table, 4) << 3);
    const count = load<i32>(table, 8);
    const block = blocks + (<usize> load<i32>(table, 12) << 3);
    multiplyF64(product, samples, count, samples, p, samples, false, columns, inputs, workspace);
    memory.fill(block, 0, <usize> (count * count) << 3);
    for (let i = 0; i < count; i++) store<f64>(block + (<usize> (i * count + i) << 3), 1);
    gemmF64Subtract(
      block,
      count,
      count,
      count,
      samples,
      columns,
      inputs,
      false,
      product,
      count,
      UPPER,
      workspace,
    );
  }
}

/**
 * As `eliminateGroup` where H is known by samples alone. With P = (XXᵀ + ρI)⁻¹ over the columns of X that are left, in units of
 * 1/ρ and with B = PX_a,
 *
 *     H = I − XᵀPX,     H_aa = UᵀU,     V = U⁻ᵀ(E_a − BᵀX),     Z = U⁻ᵀW_a,     C = U⁻ᵀBᵀ,     P += CᵀC
 *
 * V is all that `pending` holds, for `updateGroups`.
 *
 * @returns 0, or 1 + the row of the group at which its pivot failed; nothing is changed then.
 */
export function eliminateSampleGroup(
  x: usize,
  inputs: i32,
  p: usize,
  samples: i32,
  w: usize,
  outputs: i32,
  first: i32,
  count: i32,
  block: usize,
  floor: f64,
  pending: usize,
  capacity: i32,
  groupRows: i32,
  workspace: usize,
  scratch: usize,
): i32 {
  const failed = factorGroup(block, count, floor, workspace);
  if (failed) return failed;
  const v = addressOfV(workspace, groupRows, outputs);
  const columns = paddedColumns(inputs);
  const share = <usize> groupRows * <usize> samples << 3;
  const b = scratch, c = b + share, negated = c + share, gemm = negated + share;

  const own = x + (<usize> first << 3);
  multiplyF64(b, samples, count, samples, p, samples, false, own, inputs, gemm);
  memory.fill(v, 0, <usize> count * <usize> columns << 3);
  for (let i = 0; i < count; i++) store<f64>(v + (<usize> (i * columns + first + i) << 3), 1);
  gemmF64Subtract(v, columns, count, inputs, samples, b, count, false, x, inputs, WHOLE, gemm);
  dropGroup(inputs, w, outputs, first, count, pending, capacity, 0, groupRows, workspace);

  for (let i = 0; i < count; i++) {
    for (let s = 0; s < samples; s++) {
      const value = load<f64>(b + (<usize> (s * count + i) << 3));
      store<f64>(c + (<usize> (i * samples + s) << 3), value);
    }
  }
  const solved = addressOfSolved(workspace, groupRows, outputs);
  solveTriangle(workspace, count, count, c, samples, samples, false, solved);
  negate(c, negated, <usize> count * <usize> samples << 3);
  gemmF64Subtract(
    p,
    samples,
    samples,
    samples,
    count,
    negated,
    samples,
    false,
    c,
    samples,
    WHOLE,
    gemm,
  );
  return 0;
}
