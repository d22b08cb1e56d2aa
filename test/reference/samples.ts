import { createRandom } from "../../src/base/random.ts";
import type { Moments } from "../../src/kernels/moments.ts";
import type { LassoProblem } from "../../src/pruning/selection/lasso_path.ts";
import type { Problem } from "../../src/pruning/selection/problem.ts";
import { multiply, multiplyTransposed } from "./linear_algebra.ts";
import { naiveMoments } from "./moments.ts";

/** Numbers between −1 and 1. */
export function randomArray(length: number, ...seed: number[]): Float32Array {
  const random = createRandom(...seed);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}

/** Non-negative inputs that depend on one another, as the channels after a ReLU do: count × d. */
export function correlatedInputs(count: number, d: number, seed: number): Float32Array {
  const factors = Math.max(2, Math.floor(d / 2));
  const mixing = randomArray(factors * d, seed, 1);
  const hidden = randomArray(count * factors, seed, 2);
  const noise = randomArray(count * d, seed, 3);
  const mixed = multiply(hidden, mixing, count, factors, d);
  return Float32Array.from(mixed, (value, at) => Math.max(0, value + 0.3 * noise[at]));
}

/** Correlated variables, so that some of them drop on the way. */
export function correlatedLasso(size: number, seed: number): LassoProblem {
  const rows = 4 * size;
  const mixing = randomArray(size * size, seed, 1);
  for (let j = 0; j < size; j++) mixing[j * (size + 1)] += 1;
  const x = multiply(randomArray(rows * size, seed, 2), mixing, rows, size, size);
  const truth = randomArray(size, seed, 3);
  const y = multiply(x, truth, rows, size, 1).map((v, at) => v + randomArray(rows, seed, 4)[at]);
  return {
    quadratic: multiplyTransposed(x, x, rows, size, size),
    linear: multiplyTransposed(x, y, rows, size, 1),
  };
}

/** How a random problem looks. */
export interface SampleOptions {
  taps: number;
  channels: number;
  outputs: number;
  seed: number;
  /** Positions that share a channel; 1 by default. */
  positionsPerChannel?: number;
  count?: number;
}

/** A problem with both triangles of G. */
export interface WholeProblem extends Problem {
  readonly moments: Moments;
}

/** A random problem whose output is what its weights make of the inputs, plus noise. */
export function randomProblem(options: SampleOptions): WholeProblem {
  const { taps, channels, outputs, seed, positionsPerChannel = 1 } = options;
  const positions = channels * positionsPerChannel;
  const d = taps * positions;
  const count = options.count ?? 4 * d;
  const x = correlatedInputs(count, d, seed);
  const weights = randomArray(d * outputs, seed, 4);
  const noise = randomArray(count * outputs, seed, 5);
  const y = multiply(x, weights, count, d, outputs).map((value, at) => value + 0.2 * noise[at]);
  return {
    moments: naiveMoments(x, y, count, d, outputs),
    weights,
    positions,
    channelOf: Int32Array.from({ length: positions }, (_, position) => position % channels),
    channels,
  };
}

/** The same problem with its channels renamed: old channel a becomes permutation[a]. */
export function permuteChannels(
  problem: WholeProblem,
  permutation: ArrayLike<number>,
): WholeProblem {
  const channelOf = problem.channelOf.map((channel) => permutation[channel]);
  return { ...problem, channelOf };
}

/** A problem whose channel `channel` is zero in all samples. */
export function silenceChannel(problem: WholeProblem, channel: number): WholeProblem {
  const { d, n } = problem.moments;
  const isSilent = (row: number) => problem.channelOf[row % problem.positions] === channel;
  const moments: Moments = {
    ...problem.moments,
    gram: problem.moments.gram.map((value, at) =>
      isSilent(Math.floor(at / d)) || isSilent(at % d) ? 0 : value
    ),
    cross: problem.moments.cross.map((value, at) => isSilent(Math.floor(at / n)) ? 0 : value),
  };
  return { ...problem, moments };
}

/** Largest |a − b| over the largest |b|. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0, scale = 0;
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  if (a.length !== b.length || Number.isNaN(difference)) return Infinity;
  return scale > 0 ? difference / scale : difference;
}
