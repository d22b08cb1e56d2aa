/** A matrix in an array: element (i, j) is `values[i · rowStride + j · columnStride]`. */
export interface Matrix {
  /** The elements. */
  readonly values: Float64Array;
  /** Distance between rows. */
  readonly rowStride: number;
  /** Distance between columns. */
  readonly columnStride: number;
}

/** Sizes of a product: (rows × depth) · (depth × columns). */
export interface ProductSize {
  /** Rows of the left factor. */
  readonly rows: number;
  /** Columns of the left factor and rows of the right one. */
  readonly depth: number;
  /** Columns of the right factor. */
  readonly columns: number;
}

/**
 * A matrix whose rows lie one behind the other.
 *
 * @param values The elements.
 * @param columns Elements of a row.
 * @returns The matrix.
 */
export function rowMajor(values: Float64Array, columns: number): Matrix {
  return { values, rowStride: columns, columnStride: 1 };
}

/**
 * A matrix with rows and columns exchanged, in place.
 *
 * @param matrix The matrix.
 * @returns Its transpose.
 */
export function transposed({ values, rowStride, columnStride }: Matrix): Matrix {
  return { values, rowStride: columnStride, columnStride: rowStride };
}

/**
 * S ← S + A · B.
 *
 * Tiles of 2 × 4 sums stay in registers: six loads serve eight multiplications.
 *
 *            B: 4 columns
 *           ┌───────────┐
 *     A: 2 ─┤ s00 … s03 │   one walk along the depth for a tile; odd rows and columns
 *     rows ─┤ s10 … s13 │   that are left over go one sum at a time
 *           └───────────┘
 *
 * @param left A.
 * @param right B.
 * @param sum S, rows one behind the other; changed.
 * @param size Sizes.
 */
export function addProduct(
  left: Matrix,
  right: Matrix,
  sum: Float64Array,
  { rows, depth, columns }: ProductSize,
): void {
  const tiledRows = rows - rows % 2;
  const tiledColumns = columns - columns % 4;
  const size = { depth, columns };
  for (let row = 0; row < tiledRows; row += 2) {
    for (let column = 0; column < tiledColumns; column += 4) {
      addTile(left, right, sum, size, row, column);
    }
    for (let column = tiledColumns; column < columns; column++) {
      addElement(left, right, sum, size, row, column);
      addElement(left, right, sum, size, row + 1, column);
    }
  }
  if (tiledRows === rows) return;
  for (let column = 0; column < columns; column++) {
    addElement(left, right, sum, size, tiledRows, column);
  }
}

function addTile(
  left: Matrix,
  right: Matrix,
  sum: Float64Array,
  { depth, columns }: Omit<ProductSize, "rows">,
  row: number,
  column: number,
): void {
  const [a, b] = [left.values, right.values];
  const [aStep, bStep, bColumn] = [left.columnStride, right.rowStride, right.columnStride];
  // Each of its own: as destructured arrays these made the loop five times as slow.
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0;
  let s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  let a0 = row * left.rowStride;
  let a1 = a0 + left.rowStride;
  let b0 = column * bColumn;
  let b2 = b0 + 2 * bColumn;
  for (let step = 0; step < depth; step++) {
    const upper = a[a0];
    const lower = a[a1];
    const w0 = b[b0];
    const w1 = b[b0 + bColumn];
    const w2 = b[b2];
    const w3 = b[b2 + bColumn];
    s00 += upper * w0;
    s01 += upper * w1;
    s02 += upper * w2;
    s03 += upper * w3;
    s10 += lower * w0;
    s11 += lower * w1;
    s12 += lower * w2;
    s13 += lower * w3;
    a0 += aStep;
    a1 += aStep;
    b0 += bStep;
    b2 += bStep;
  }
  const first = row * columns + column;
  sum[first] += s00;
  sum[first + 1] += s01;
  sum[first + 2] += s02;
  sum[first + 3] += s03;
  const second = first + columns;
  sum[second] += s10;
  sum[second + 1] += s11;
  sum[second + 2] += s12;
  sum[second + 3] += s13;
}

function addElement(
  left: Matrix,
  right: Matrix,
  sum: Float64Array,
  { depth, columns }: Omit<ProductSize, "rows">,
  row: number,
  column: number,
): void {
  let total = 0;
  let a = row * left.rowStride;
  let b = column * right.columnStride;
  for (let step = 0; step < depth; step++) {
    total += left.values[a] * right.values[b];
    a += left.columnStride;
    b += right.rowStride;
  }
  sum[row * columns + column] += total;
}
