import { GEMM_F64_WORKSPACE_BYTES, gemmF64Subtract } from "./gemm_f64";
import { factorBlock, solveTriangle } from "./triangular";

const BLOCK: i32 = 48;

/** Bytes of workspace that every function of this file needs. */
export function choleskyWorkspaceBytes(): usize {
  return GEMM_F64_WORKSPACE_BYTES;
}

function elementAt(matrix: usize, stride: i32, row: i32, column: i32): usize {
  return matrix + ((<usize> row * <usize> stride + <usize> column) << 3);
}

/**
 * Factors A = UᵀU in place, right-looking, in blocks of 48; only the upper triangle of A is read.
 *
 *     | U11  U12 |   factor A11, solve U11ᵀ U12 = A12,
 *     |  ·   A22 |   A22 −= U12ᵀ U12 (upper tiles), go on with A22
 *
 * @returns 0, or 1 + the first row whose pivot is not above `floor`.
 */
export function choleskyFactor(
  a: usize,
  stride: i32,
  size: i32,
  floor: f64,
  workspace: usize,
): i32 {
  for (let first = 0; first < size; first += BLOCK) {
    const block = min(BLOCK, size - first);
    const rest = size - first - block;
    const corner = elementAt(a, stride, first, first);
    const failed = factorBlock(corner, stride, block, floor);
    if (failed) return first + failed;
    const right = corner + (<usize> block << 3);
    solveTriangle(corner, stride, block, right, stride, rest, false);
    const trailing = elementAt(a, stride, first + block, first + block);
    gemmF64Subtract(
      trailing,
      stride,
      rest,
      rest,
      block,
      right,
      stride,
      false,
      right,
      stride,
      true,
      workspace,
    );
  }
  return 0;
}

/** Solves UᵀU X = B in place for `columns` right-hand sides, U as `choleskyFactor` leaves it. */
export function choleskySolve(
  u: usize,
  strideU: i32,
  size: i32,
  b: usize,
  columns: i32,
  workspace: usize,
): void {
  for (let first = 0; first < size; first += BLOCK) {
    const block = min(BLOCK, size - first);
    const next = first + block;
    const solved = elementAt(b, columns, first, 0);
    const corner = elementAt(u, strideU, first, first);
    solveTriangle(corner, strideU, block, solved, columns, columns, false);
    gemmF64Subtract(
      elementAt(b, columns, next, 0),
      columns,
      size - next,
      columns,
      block,
      elementAt(u, strideU, first, next),
      strideU,
      false,
      solved,
      columns,
      false,
      workspace,
    );
  }
  for (let first = (size - 1) / BLOCK * BLOCK; first >= 0; first -= BLOCK) {
    const block = min(BLOCK, size - first);
    const solved = elementAt(b, columns, first, 0);
    const corner = elementAt(u, strideU, first, first);
    solveTriangle(corner, strideU, block, solved, columns, columns, true);
    gemmF64Subtract(
      b,
      columns,
      first,
      columns,
      block,
      elementAt(u, strideU, 0, first),
      strideU,
      true,
      solved,
      columns,
      false,
      workspace,
    );
  }
}

/** Bytes of workspace that `choleskyInvert` needs: `| panels of gemmF64Subtract | diagonal blocks of U |`. */
export function choleskyInvertWorkspaceBytes(size: i32): usize {
  return GEMM_F64_WORKSPACE_BYTES + (<usize> size * <usize> BLOCK << 3);
}

/** Moves the diagonal blocks of U to `corners`, stride 48, and writes the identity below what is left of U. */
function setLowerIdentity(u: usize, size: i32, corners: usize): void {
  for (let first = 0; first < size; first += BLOCK) {
    const end = min(first + BLOCK, size);
    for (let row = first; row < end; row++, corners += BLOCK << 3) {
      memory.copy(corners, elementAt(u, size, row, first), <usize> (end - first) << 3);
      memory.fill(elementAt(u, size, row, 0), 0, <usize> end << 3);
      store<f64>(elementAt(u, size, row, row), 1);
    }
  }
}

/**
 * u = (UᵀU)⁻¹ in place, both triangles, by solving for the identity where its zeros are not touched. The answer grows in
 * the lower triangle, where U has nothing; the diagonal blocks of U, which both need, are set aside.
 *
 *     forward, Z = U⁻ᵀ is lower triangular     backward, only the lower triangle of the symmetric answer
 *     | z  U  U |   block row b needs columns  | h  U  U |   block row r needs columns
 *     | z  z  U |   up to the end of block b   | h  h  U |   up to the end of block r
 *     | z  z  z |                              | h  h  h |
 *
 * `u` has stride `size`, `workspace` has `choleskyInvertWorkspaceBytes(size)`.
 */
export function choleskyInvert(u: usize, size: i32, workspace: usize): void {
  const corners = workspace + GEMM_F64_WORKSPACE_BYTES;
  setLowerIdentity(u, size, corners);
  for (let first = 0; first < size; first += BLOCK) {
    const end = min(first + BLOCK, size);
    const solved = elementAt(u, size, first, 0);
    const corner = elementAt(corners, BLOCK, first, 0);
    solveTriangle(corner, BLOCK, end - first, solved, size, end, false);
    gemmF64Subtract(
      elementAt(u, size, end, 0),
      size,
      size - end,
      end,
      end - first,
      elementAt(u, size, first, end),
      size,
      false,
      solved,
      size,
      false,
      workspace,
    );
  }
  for (let first = (size - 1) / BLOCK * BLOCK; first >= 0; first -= BLOCK) {
    const end = min(first + BLOCK, size);
    const solved = elementAt(u, size, first, 0);
    const corner = elementAt(corners, BLOCK, first, 0);
    solveTriangle(corner, BLOCK, end - first, solved, size, end, true);
    for (let above = 0; above < first; above += BLOCK) {
      gemmF64Subtract(
        elementAt(u, size, above, 0),
        size,
        BLOCK,
        above + BLOCK,
        end - first,
        elementAt(u, size, above, first),
        size,
        true,
        solved,
        size,
        false,
        workspace,
      );
    }
  }
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) {
      store<f64>(
        elementAt(u, size, row, column),
        load<f64>(elementAt(u, size, column, row)),
      );
    }
  }
}

/** residual −= A X, A symmetric with both triangles: what a solution leaves of the right-hand side. */
export function subtractProduct(
  residual: usize,
  a: usize,
  size: i32,
  x: usize,
  columns: i32,
  workspace: usize,
): void {
  gemmF64Subtract(
    residual,
    columns,
    size,
    columns,
    size,
    a,
    size,
    false,
    x,
    columns,
    false,
    workspace,
  );
}
