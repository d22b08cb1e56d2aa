/** A variable whose remainder after projection is below this share of its square depends on those in the set. */
const COLLINEAR_SHARE = 1e-10;

/**
 * Cholesky factor L Lᵀ of the active set's part of a symmetric matrix, up-dated when a variable enters and down-dated
 * when one leaves.
 *
 *     L  | l00         |    enter: one row more          leave k: row k goes, what sticks out
 *        | l10 l11     |                                 over the diagonal is rotated away
 *        | l20 l21 l22 |
 */
export class ActiveCholesky {
  readonly #rows: Float64Array[] = [];
  readonly #capacity: number;

  /**
   * An empty set.
   *
   * @param capacity Most variables the set can ever hold.
   */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Appends a variable, unless it depends linearly on those that are there.
   *
   * @param products Its products with the variables of the set, in their order.
   * @param square Its product with itself.
   * @returns Whether it was appended.
   */
  append(products: Float64Array, square: number): boolean {
    const row = new Float64Array(this.#capacity);
    let rest = square;
    this.#rows.forEach((solved, i) => {
      let value = products[i];
      for (let k = 0; k < i; k++) value -= solved[k] * row[k];
      row[i] = value / solved[i];
      rest -= row[i] * row[i];
    });
    if (!(rest > COLLINEAR_SHARE * square)) return false;
    row[this.#rows.length] = Math.sqrt(rest);
    this.#rows.push(row);
    return true;
  }

  /**
   * Takes a variable out (Givens rotations; Golub and Van Loan 2013, section 6.5.4).
   *
   * @param index Its place in the set.
   */
  remove(index: number): void {
    this.#rows.splice(index, 1);
    for (let i = index; i < this.#rows.length; i++) {
      const pivotRow = this.#rows[i];
      const radius = Math.hypot(pivotRow[i], pivotRow[i + 1]);
      const cosine = pivotRow[i] / radius, sine = pivotRow[i + 1] / radius;
      for (let j = i; j < this.#rows.length; j++) {
        const row = this.#rows[j];
        const left = row[i], right = row[i + 1];
        row[i] = cosine * left + sine * right;
        row[i + 1] = cosine * right - sine * left;
      }
      pivotRow[i + 1] = 0;
    }
  }

  /**
   * Solves L Lᵀ x = b.
   *
   * @param target b.
   * @returns x.
   */
  solve(target: Float64Array): Float64Array {
    const x = target.slice();
    const size = this.#rows.length;
    for (let i = 0; i < size; i++) {
      const row = this.#rows[i];
      for (let k = 0; k < i; k++) x[i] -= row[k] * x[k];
      x[i] /= row[i];
    }
    for (let i = size - 1; i >= 0; i--) {
      const row = this.#rows[i];
      x[i] /= row[i];
      for (let k = 0; k < i; k++) x[k] -= row[k] * x[i];
    }
    return x;
  }
}
