import type { Moments } from "../../src/kernels/moments.ts";
import { multiplyTransposed } from "./linear_algebra.ts";

/** Twin of `MomentAccumulator`: every sum in f64. */
export function naiveMoments(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  count: number,
  d: number,
  n: number,
): Moments {
  const ones = new Float64Array(count).fill(1);
  const squares = Float64Array.from(y, (value) => value * value);
  return {
    d,
    n,
    count,
    gram: multiplyTransposed(x, x, count, d, d),
    cross: multiplyTransposed(x, y, count, d, n),
    sumX: multiplyTransposed(ones, x, count, 1, d),
    sumY: multiplyTransposed(ones, y, count, 1, n),
    sumYY: multiplyTransposed(ones, squares, count, 1, n),
  };
}
