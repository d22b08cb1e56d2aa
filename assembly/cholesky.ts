import { GEMM_F64_WORKSPACE_BYTES, gemmF64Subtract, LOWER, UPPER, WHOLE } from "./gemm_f64";
import { factorBlock, solveTriangle, solveTriangleWorkspaceBytes } from "./triangular";

const BLOCK: i32 = 96;
const MIRROR_BLOCK: i32 = 32;

const CORNER_BYTES: usize = <usize> (BLOCK * BLOCK) << 3;

/** Bytes of workspace that every function of this file needs: `| panels of gemmF64Subtract | strip | a diagonal block |`. */
export function choleskyWorkspaceBytes(): usize {
  return GEMM_F64_WORKSPACE_BYTES + solveTriangleWorkspaceBytes(BLOCK) + CORNER_BYTES;
}

function stripIn(workspace: usize): usize {
  return workspace + GEMM_F64_WORKSPACE_BYTES;
}

function cornerIn(workspace: usize): usize {
  return stripIn(workspace) + solveTriangleWorkspaceBytes(BLOCK);
}

/** Copies a square block, so that its rows lie side by side: those of a large matrix share a set of the cache. */
function copyBlock(from: usize, strideFrom: i32, to: usize, strideTo: i32, size: i32): void {
  for (let row = 0; row < size; row++) {
    memory.copy(
      elementAt(to, strideTo, row, 0),
      elementAt(from, strideFrom, row, 0),
      <usize> size << 3,
    );
  }
}

function elementAt(matrix: usize, stride: i32, row: i32, column: i32): usize {
  return matrix + ((<usize> row * <usize> stride + <usize> column) << 3);
}

/**
 * Factors A = UᵀU in place, right-looking, in blocks of 96; only the upper triangle of A is read.
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
    const near = cornerIn(workspace);
    copyBlock(corner, stride, near, BLOCK, block);
    const failed = factorBlock(near, BLOCK, block, floor);
    if (failed) return first + failed;
    copyBlock(near, BLOCK, corner, stride, block);
    const right = corner + (<usize> block << 3);
    solveTriangle(near, BLOCK, block, right, stride, rest, false, stripIn(workspace));
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
      UPPER,
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
    const near = cornerIn(workspace);
    copyBlock(elementAt(u, strideU, first, first), strideU, near, BLOCK, block);
    solveTriangle(near, BLOCK, block, solved, columns, columns, false, stripIn(workspace));
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
      WHOLE,
      workspace,
    );
  }
  for (let first = (size - 1) / BLOCK * BLOCK; first >= 0; first -= BLOCK) {
    const block = min(BLOCK, size - first);
    const solved = elementAt(b, columns, first, 0);
    const near = cornerIn(workspace);
    copyBlock(elementAt(u, strideU, first, first), strideU, near, BLOCK, block);
    solveTriangle(near, BLOCK, block, solved, columns, columns, true, stripIn(workspace));
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
      WHOLE,
      workspace,
    );
  }
}

/** Bytes of workspace that `choleskyInvert` needs: that of the other functions, then the diagonal blocks of U. */
export function choleskyInvertWorkspaceBytes(size: i32): usize {
  return choleskyWorkspaceBytes() + (<usize> size * <usize> BLOCK << 3);
}

/** Moves the diagonal blocks of U to `corners`, stride 96, and writes the identity below what is left of U. */
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
  const corners = workspace + choleskyWorkspaceBytes();
  setLowerIdentity(u, size, corners);
  for (let first = 0; first < size; first += BLOCK) {
    const end = min(first + BLOCK, size);
    const solved = elementAt(u, size, first, 0);
    const corner = elementAt(corners, BLOCK, first, 0);
    solveTriangle(corner, BLOCK, end - first, solved, size, end, false, stripIn(workspace));
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
      WHOLE,
      workspace,
    );
  }
  for (let first = (size - 1) / BLOCK * BLOCK; first >= 0; first -= BLOCK) {
    const end = min(first + BLOCK, size);
    const solved = elementAt(u, size, first, 0);
    const corner = elementAt(corners, BLOCK, first, 0);
    solveTriangle(corner, BLOCK, end - first, solved, size, end, true, stripIn(workspace));
    gemmF64Subtract(
      u,
      size,
      first,
      first,
      end - first,
      elementAt(u, size, 0, first),
      size,
      true,
      solved,
      size,
      LOWER,
      workspace,
    );
  }
  mirrorLower(u, size);
}

/** Copies the lower triangle to the upper one, block by block, so that both stay in the cache. */
function mirrorLower(matrix: usize, size: i32): void {
  for (let top = 0; top < size; top += MIRROR_BLOCK) {
    const bottom = min(top + MIRROR_BLOCK, size);
    for (let left = top; left < size; left += MIRROR_BLOCK) {
      const right = min(left + MIRROR_BLOCK, size);
      for (let row = top; row < bottom; row++) {
        for (let column = max(left, row + 1); column < right; column++) {
          const value = load<f64>(elementAt(matrix, size, column, row));
          store<f64>(elementAt(matrix, size, row, column), value);
        }
      }
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
    WHOLE,
    workspace,
  );
}
