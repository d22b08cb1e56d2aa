/** Naive twins of the linear-algebra kernels: plain loops over plain arrays, all in f64. */

/** AᵀB for row-major A (rows × m) and B (rows × n). */
export function multiplyTransposed(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  rows: number,
  m: number,
  n: number,
): Float64Array {
  const product = new Float64Array(m * n);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) product[i * n + j] += a[r * m + i] * b[r * n + j];
    }
  }
  return product;
}

/** AB for row-major A (m × depth) and B (depth × n). */
export function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  depth: number,
  n: number,
): Float64Array {
  const product = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < depth; k++) {
      for (let j = 0; j < n; j++) product[i * n + j] += a[i * depth + k] * b[k * n + j];
    }
  }
  return product;
}

/** X with AX = B by Gaussian elimination with row pivoting; B is size × columns. */
export function solveLinear(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  size: number,
  columns: number,
): Float64Array {
  const left = Float64Array.from(a), right = Float64Array.from(b);
  const swapRows = (matrix: Float64Array, width: number, i: number, j: number) => {
    for (let k = 0; k < width; k++) {
      [matrix[i * width + k], matrix[j * width + k]] = [
        matrix[j * width + k],
        matrix[i * width + k],
      ];
    }
  };
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let r = i + 1; r < size; r++) {
      if (Math.abs(left[r * size + i]) > Math.abs(left[pivot * size + i])) pivot = r;
    }
    swapRows(left, size, i, pivot);
    swapRows(right, columns, i, pivot);
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = left[r * size + i] / left[i * size + i];
      for (let k = i; k < size; k++) left[r * size + k] -= factor * left[i * size + k];
      for (let k = 0; k < columns; k++) right[r * columns + k] -= factor * right[i * columns + k];
    }
  }
  return right.map((value, at) => value / left[Math.floor(at / columns) * (size + 1)]);
}
