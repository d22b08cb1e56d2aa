import { dotF64, subtractScaledF64 } from "./vector_f64";

/** A variable whose remainder after projection is below this share of its square depends on those in the set. */
const COLLINEAR_SHARE: f64 = 1e-10;

/** Solves L x = b in place for the first `count` rows of L. */
function solveForward(factor: usize, stride: i32, count: i32, x: usize): void {
  const rowBytes = <usize> stride << 3;
  let at = x;
  for (let i = 0; i < count; i++, factor += rowBytes, at += 8) {
    const rest = load<f64>(at) - dotF64(factor, x, i);
    store<f64>(at, rest / load<f64>(factor + (<usize> i << 3)));
  }
}

/** Solves L Lᵀ x = b in place. */
export function solveActive(factor: usize, stride: i32, count: i32, x: usize): void {
  solveForward(factor, stride, count, x);
  const rowBytes = <usize> stride << 3;
  for (let i = count - 1; i >= 0; i--) {
    const row = factor + <usize> i * rowBytes;
    const at = x + (<usize> i << 3);
    const value = load<f64>(at) / load<f64>(row + (<usize> i << 3));
    store<f64>(at, value);
    subtractScaledF64(value, row, x, i);
  }
}

/**
 * Appends a variable to the Cholesky factor L Lᵀ of the active set's part of a symmetric matrix, unless it depends
 * linearly on those that are there. Row `count` of L holds its products with them, in their order.
 *
 *     L  | l00         |
 *        | l10 l11     |
 *        | p0  p1   ·  |  →  the row that solves L·rowᵀ = p, then the root of what is left of `square`
 *
 * @returns Whether it was appended.
 */
export function appendActive(factor: usize, stride: i32, count: i32, square: f64): bool {
  const row = factor + (<usize> count * <usize> stride << 3);
  solveForward(factor, stride, count, row);
  const rest = square - dotF64(row, row, count);
  if (!(rest > COLLINEAR_SHARE * square)) return false;
  store<f64>(row + (<usize> count << 3), sqrt<f64>(rest));
  return true;
}

/**
 * Takes the variable of row `index` out of the factor (Givens rotations; Golub and Van Loan 2013, section 6.5.4).
 *
 *     | l00                 |      row 1 goes, and what then sticks     | l00         |
 *     | l10 l11             |  →   out over the diagonal is rotated  →  | l20 r11     |
 *     | l20 l21 l22         |      away, row by row                     | l30 r21 r22 |
 *     | l30 l31 l32 l33     |
 *
 * `rotations` has room for `count` pairs of cosine and sine.
 */
export function removeActive(
  factor: usize,
  stride: i32,
  count: i32,
  index: i32,
  rotations: usize,
): void {
  const rowBytes = <usize> stride << 3;
  let row = factor + <usize> index * rowBytes;
  memory.copy(row, row + rowBytes, <usize> (count - index - 1) * rowBytes);
  for (let last = index; last < count - 1; last++, row += rowBytes) {
    let at = row + (<usize> index << 3);
    let rotation = rotations;
    let left = load<f64>(at);
    for (const diagonal = row + (<usize> last << 3); at < diagonal; at += 8, rotation += 16) {
      const cosine = load<f64>(rotation), sine = load<f64>(rotation, 8);
      const right = load<f64>(at, 8);
      store<f64>(at, cosine * left + sine * right);
      left = cosine * right - sine * left;
    }
    const right = load<f64>(at, 8);
    const radius = sqrt<f64>(left * left + right * right);
    store<f64>(at, radius);
    store<f64>(rotation, left / radius);
    store<f64>(rotation, right / radius, 8);
  }
}
