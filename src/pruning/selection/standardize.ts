import { changeGram, inputSquares, type LayerMoments } from "../../kernels/mod.ts";
import type { Problem } from "./problem.ts";

/** The least that an output counts for, as a share of the one that counts most: what nobody reads is fitted too. */
const LEAST_IMPORTANCE = 2 ** -20;

/**
 * Brings a problem into units of its own, so that nothing that is decided depends on how a network scales its channels.
 *
 * Every channel is divided by its root mean square over samples and positions (its spread, where the moments are about
 * the means), and the weights that read it are multiplied by that. Every output is multiplied by the root of its
 * importance, and so are the weights that make it.
 *
 * @param problem A consumer, whose moments are overwritten.
 * @param importance How much a squared error of each output counts, n numbers. Default: alike.
 * @returns The same problem in other units; what is fitted comes back in the old ones.
 */
export function standardize(problem: Problem, importance?: Float64Array): Problem {
  const { moments, weights, positions, channelOf } = problem;
  const { d, n, half } = moments;
  const ofChannel = channelScales(problem);
  const inputScales = Float64Array.from(
    { length: d },
    (_, row) => ofChannel[channelOf[row % positions]],
  );
  const outputScales = outputScalesOf(moments, importance);
  const scaled = weights.map((weight, at) =>
    weight * inputScales[Math.floor(at / n)] * outputScales[at % n]
  );
  rescale(moments, inputScales, outputScales);
  if (half) rescale(half, inputScales, outputScales);
  return { ...problem, weights: scaled, inputScales, outputScales };
}

/** Root mean square of every channel; 1 of one without signal. */
function channelScales({ moments, positions, channelOf, channels }: Problem): Float64Array {
  const { count } = moments;
  const squares = new Float64Array(channels), rows = new Float64Array(channels);
  inputSquares(moments).forEach((square, row) => {
    const channel = channelOf[row % positions];
    squares[channel] += square;
    rows[channel]++;
  });
  return squares.map((square, channel) =>
    square > 0 ? Math.sqrt(square / (rows[channel] * count)) : 1
  );
}

/** What an output counts for is its importance times its square, so that the least of it has no unit either. */
function outputScalesOf(
  { n, count, sumYY }: LayerMoments,
  importance?: Float64Array,
): Float64Array {
  const shares = importance?.map((value, o) => value * sumYY[o]) ?? new Float64Array(n);
  const most = Math.max(...shares);
  if (!(most > 0 && most < Infinity)) return new Float64Array(n).fill(1);
  return shares.map((share, o) =>
    sumYY[o] > 0 ? Math.sqrt(Math.max(share / most, LEAST_IMPORTANCE) * count / sumYY[o]) : 1
  );
}

function rescale(
  moments: LayerMoments,
  inputScales: Float64Array,
  outputScales: Float64Array,
): void {
  const { d, n, cross, sumX, sumY, sumYY, samples } = moments;
  samples?.x.forEach((value, at) => samples.x[at] = value / inputScales[at % d]);
  samples?.y.forEach((value, at) => samples.y[at] = value * outputScales[at % n]);
  changeGram(moments, (value, row, column) => value / (inputScales[row] * inputScales[column]));
  for (let row = 0; row < d; row++) {
    const scale = inputScales[row];
    sumX[row] /= scale;
    if (samples) continue;
    for (let o = 0; o < n; o++) cross[row * n + o] *= outputScales[o] / scale;
  }
  for (let o = 0; o < n; o++) {
    sumY[o] *= outputScales[o];
    sumYY[o] *= outputScales[o] ** 2;
  }
}
