import { centerMoments, joinHalves, type Moments } from "../../src/kernels/moments.ts";
import { naiveMoments } from "./moments.ts";
import { multiply } from "./linear_algebra.ts";
import { correlatedInputs, randomArray } from "./samples.ts";

/** Samples of some images. */
export interface ImageSamples {
  /** X, rows × d: every image has a level of its own, so its samples resemble each other. */
  x: Float32Array;
  /** Y, rows × n, with noise. */
  y: Float32Array;
  /** Samples of every image. */
  points: number;
}

/** Samples of a layer with d inputs whose outputs are those of `weights`, bent, with noise. */
export function drawImages(
  images: number,
  points: number,
  weights: Float32Array,
  d: number,
  seed: number,
): ImageSamples {
  const n = weights.length / d, rows = images * points;
  const levels = correlatedInputs(images, d, seed);
  const own = correlatedInputs(rows, d, seed + 1);
  const x = own.map((value, at) => {
    const [row, input] = [Math.floor(at / d), at % d];
    return value + levels[Math.floor(row / points) * d + input];
  });
  const noise = randomArray(rows * n, seed, 9);
  const y = multiply(x, weights, rows, d, n);
  return { x, y: Float32Array.from(y, (value, at) => value + 0.5 * noise[at]), points };
}

/** Some of the images. */
export function sliceImages(
  { x, y, points }: ImageSamples,
  [from, to]: readonly [number, number],
  d: number,
  n: number,
): ImageSamples {
  const [first, last] = [from * points, to * points];
  return { x: x.slice(first * d, last * d), y: y.slice(first * n, last * n), points };
}

/** Moments about the means, with those of every other image. */
export function halvedMoments({ x, y, points }: ImageSamples, d: number): Moments {
  const rows = x.length / d, n = y.length / rows;
  const halves = [0, 1].map((half) => {
    const isIn = (row: number) => Math.floor(row / points) % 2 === half;
    const [ownX, ownY] = [
      x.filter((_, at) => isIn(Math.floor(at / d))),
      y.filter((_, at) => isIn(Math.floor(at / n))),
    ];
    return naiveMoments(ownX, ownY, ownX.length / d, d, n);
  });
  return centerMoments(joinHalves(halves[0], halves[1]));
}

/** ‖Y − XW − b‖² / ‖Y − mean‖² on samples, with b from means of others. */
export function errorOnSamples(
  { x, y }: ImageSamples,
  d: number,
  weights: ArrayLike<number>,
  means: { x: ArrayLike<number>; y: ArrayLike<number> },
): number {
  const rows = x.length / d, n = y.length / rows;
  const meanY = new Float64Array(n);
  y.forEach((value, at) => meanY[at % n] += value / rows);
  let error = 0, total = 0;
  for (let row = 0; row < rows; row++) {
    for (let o = 0; o < n; o++) {
      let left = y[row * n + o] - means.y[o];
      for (let r = 0; r < d; r++) left -= (x[row * d + r] - means.x[r]) * weights[r * n + o];
      error += left ** 2;
      total += (y[row * n + o] - meanY[o]) ** 2;
    }
  }
  return error / total;
}
