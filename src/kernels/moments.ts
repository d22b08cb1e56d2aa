/**
 * Second moments of a layer's samples: everything that selection and reconstruction ask about the data.
 *
 * Sums, not means, so that those of several shards add up. Plain data: it survives structured cloning.
 */
export interface Moments {
  /** Inputs per sample, the columns of X. */
  readonly d: number;
  /** Outputs per sample, the columns of Y. */
  readonly n: number;
  /** Samples, the rows of X and Y. */
  readonly count: number;
  /** G = XᵀX, d × d, both triangles. */
  readonly gram: Float64Array;
  /** C = XᵀY, d × n. */
  readonly cross: Float64Array;
  /** Column sums of X, d. */
  readonly sumX: Float64Array;
  /** Column sums of Y, n. */
  readonly sumY: Float64Array;
  /** Column sums of Y ∘ Y, n. */
  readonly sumYY: Float64Array;
}

/**
 * Variance below this share of the mean square is rounding: G adds up to 256 products in f32 before f64 takes over, an
 * error of up to 256·2⁻²⁴ and typically far less.
 */
const CONSTANT_COLUMN_SHARE = 2 ** -18;

/**
 * Adds up the moments of shards, in the order given, so that the same shards give the same bits.
 *
 * @param shards Moments of one layer, at least one.
 * @returns Their sums, as new arrays.
 * @throws {TypeError} When there are none or their sizes differ.
 */
export function mergeMoments(shards: readonly Moments[]): Moments {
  if (shards.length === 0) throw new TypeError("merge moments: none given, wanted at least one");
  const [first, ...others] = shards;
  const gram = first.gram.slice(), cross = first.cross.slice();
  const sumX = first.sumX.slice(), sumY = first.sumY.slice(), sumYY = first.sumYY.slice();
  let count = first.count;
  for (const other of others) {
    if (other.d !== first.d || other.n !== first.n) {
      throw new TypeError(
        `merge moments: sizes ${other.d}×${other.n} and ${first.d}×${first.n}, wanted equal ones`,
      );
    }
    addTo(gram, other.gram);
    addTo(cross, other.cross);
    addTo(sumX, other.sumX);
    addTo(sumY, other.sumY);
    addTo(sumYY, other.sumYY);
    count += other.count;
  }
  return { d: first.d, n: first.n, count, gram, cross, sumX, sumY, sumYY };
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] += values[i];
}

/**
 * Moments about the means, which fit an intercept for free: with N samples,
 *
 *     G − ΣxΣxᵀ/N,   C − ΣxΣyᵀ/N,   Σy² − (Σy)²/N,   sums 0
 *
 * A column of X whose variance drowns in the rounding of the f32 products counts as constant: its row and column of G
 * and its row of C become exactly 0, so that nobody fits noise.
 *
 * @param moments Raw moments.
 * @returns New moments with zero sums and the same count.
 */
export function centreMoments(moments: Moments): Moments {
  const { d, n, count, sumX, sumY } = moments;
  const gram = moments.gram.slice(), cross = moments.cross.slice();
  const sumYY = moments.sumYY.slice();
  const varies = new Uint8Array(d);
  for (let r = 0; r < d; r++) {
    const square = gram[r * d + r];
    varies[r] = Number(square - sumX[r] * sumX[r] / count > CONSTANT_COLUMN_SHARE * square);
  }
  for (let r = 0; r < d; r++) {
    const mean = sumX[r] / count;
    for (let s = 0; s < d; s++) {
      // Grouped so that (r, s) and (s, r) round alike.
      gram[r * d + s] = varies[r] && varies[s] ? gram[r * d + s] - sumX[r] * sumX[s] / count : 0;
    }
    for (let o = 0; o < n; o++) {
      cross[r * n + o] = varies[r] ? cross[r * n + o] - mean * sumY[o] : 0;
    }
  }
  for (let o = 0; o < n; o++) sumYY[o] = Math.max(0, sumYY[o] - sumY[o] * sumY[o] / count);
  return { d, n, count, gram, cross, sumX: new Float64Array(d), sumY: new Float64Array(n), sumYY };
}
