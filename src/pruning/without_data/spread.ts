/** Mean and variance of the values of a channel. */
export interface Spread {
  /** Mean. */
  readonly mean: number;
  /** Variance. */
  readonly variance: number;
}

/** What is known of a channel of which nothing is known. */
export const UNIT_SPREAD: Spread = { mean: 0, variance: 1 };

/** Deviations at which a function is looked at, and how much of a normal distribution lies at each. */
const GRID = (() => {
  const points = Array.from({ length: 121 }, (_, index) => (index - 60) / 10);
  const weights = points.map((z) => Math.exp(-z * z / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return points.map((z, index) => ({ z, weight: weights[index] / total }));
})();

/**
 * Mean and variance of f(x) where x is normally distributed, by a sum over a grid of deviations.
 *
 * @param spread That of x.
 * @param act The function f.
 * @returns That of f(x).
 */
export function spreadBehind({ mean, variance }: Spread, act: (x: number) => number): Spread {
  const deviation = Math.sqrt(variance);
  const values = GRID.map(({ z, weight }) => ({ y: act(mean + deviation * z), weight }));
  const center = values.reduce((sum, { y, weight }) => sum + weight * y, 0);
  const around = values.reduce((sum, { y, weight }) => sum + weight * (y - center) ** 2, 0);
  return { mean: center, variance: around };
}

/** Of the sum of independent values. */
export function spreadOfSum(parts: readonly Spread[]): Spread {
  return {
    mean: parts.reduce((sum, { mean }) => sum + mean, 0),
    variance: parts.reduce((sum, { variance }) => sum + variance, 0),
  };
}

/** Of the product of independent values. */
export function spreadOfProduct(parts: readonly Spread[]): Spread {
  return parts.reduce((first, second) => ({
    mean: first.mean * second.mean,
    variance: first.variance * second.variance + first.variance * second.mean ** 2 +
      second.variance * first.mean ** 2,
  }), { mean: 1, variance: 0 });
}

/** Of a·x + b. */
export function scaledSpread({ mean, variance }: Spread, a: number, b = 0): Spread {
  return { mean: a * mean + b, variance: a * a * variance };
}
