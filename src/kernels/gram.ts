/** G = XᵀX, d × d: all of it, or its upper triangle row by row. */
export type Gram =
  & { readonly d: number }
  & ({ readonly gram: Float64Array } | { readonly triangle: Float64Array });

/** Rows and columns that are mirrored together, so that both ways through memory are short. */
const MIRRORED_AT_ONCE = 32;

/** What of G there is. */
export function gramOf(moments: Gram): Float64Array {
  return "gram" in moments ? moments.gram : moments.triangle;
}

/**
 * Where the rows of G begin in what {@link gramOf} gives: the number at (row, column) is at `rowStarts(…)[row] + column`, for
 * column ≥ row.
 *
 * @param moments The moments.
 * @returns d places.
 */
export function rowStarts(moments: Gram): Int32Array {
  const { d } = moments;
  return "gram" in moments
    ? Int32Array.from({ length: d }, (_, row) => row * d)
    : Int32Array.from({ length: d }, (_, row) => row * d - row * (row + 1) / 2);
}

/**
 * Replaces every number of G.
 *
 * @param moments The moments; those with samples have no G.
 * @param change The new number for an old one in a row and a column not before it.
 */
export function changeGram(
  moments: Gram,
  change: (value: number, row: number, column: number) => number,
): void {
  const gram = gramOf(moments), starts = rowStarts(moments);
  if (gram.length === 0) return;
  for (let row = 0; row < moments.d; row++) {
    const start = starts[row];
    for (let column = row; column < moments.d; column++) {
      gram[start + column] = change(gram[start + column], row, column);
    }
  }
  if ("gram" in moments) mirrorUpper(gram, moments.d);
}

/**
 * Writes the upper triangle of G with its rows and columns picked and ordered.
 *
 * @param moments The moments.
 * @param rows The rows, in the order in which they are written.
 * @param target Receives rows × rows numbers, of which those below the diagonal stay as they are.
 */
export function writeGram(
  moments: Gram,
  rows: ArrayLike<number>,
  target: Float64Array,
): void {
  const gram = gramOf(moments), starts = rowStarts(moments);
  const size = rows.length;
  for (let i = 0; i < size; i++) {
    const own = rows[i];
    for (let j = i; j < size; j++) {
      const other = rows[j];
      target[i * size + j] = own < other ? gram[starts[own] + other] : gram[starts[other] + own];
    }
  }
}

/**
 * Copies the upper triangle of a square matrix onto the lower one.
 *
 * @param matrix The matrix, size × size.
 * @param size Its rows.
 */
export function mirrorUpper(matrix: Float64Array, size: number): void {
  for (let top = 0; top < size; top += MIRRORED_AT_ONCE) {
    const bottom = Math.min(size, top + MIRRORED_AT_ONCE);
    for (let left = 0; left < bottom; left += MIRRORED_AT_ONCE) {
      for (let row = top; row < bottom; row++) {
        const right = Math.min(row, left + MIRRORED_AT_ONCE);
        for (let column = left; column < right; column++) {
          matrix[row * size + column] = matrix[column * size + row];
        }
      }
    }
  }
}
