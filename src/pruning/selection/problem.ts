import {
  giveBack,
  type HeldOutTrial,
  inputSquares,
  type LayerMoments,
  releaseMoments,
} from "../../kernels/mod.ts";

/**
 * One consumer of a channel space: a layer that reads the channels, its weights and what is known about its data.
 *
 * With d = taps·positions, row r = tap·positions + position of the moments and weights belongs to input position
 * `r % positions`, and that position to channel `channelOf[r % positions]`.
 */
export interface Problem {
  /** The layer's name, for messages. */
  readonly name?: string;
  /** Raw moments, or moments about the means where the layer's bias is refitted. */
  readonly moments: LayerMoments;
  /** The layer's kernel, flattened to d × n. */
  readonly weights: Float32Array;
  /** Input positions per tap: channels for a convolution, all inputs for a dense layer. */
  readonly positions: number;
  /** Channel of each position; several positions may share one (flatten, depth multiplier). */
  readonly channelOf: Int32Array;
  /** Channels in the space. */
  readonly channels: number;
  /**
   * Σy² over outputs that errors are measured against. Default: that of the moments; it is another one where they are
   * conditioned on rows of other spaces.
   */
  readonly total?: number;
  /** What each row of X has been divided by, and of the weights multiplied by: d numbers. Default: nothing. */
  readonly inputScales?: Float64Array;
  /** What each column of Y, and of the weights, has been multiplied by: n numbers. Default: nothing. */
  readonly outputScales?: Float64Array;
  /** Halves of the images, each fitted to and tried out on the other. Default: as the moments have them. */
  readonly trials?: readonly HeldOutTrial[];
}

/**
 * Gives the memory of problems back at once, which the garbage collector does when it likes.
 *
 * @param problems Problems whose moments and weights are nobody else's, and which nobody needs any more.
 */
export function releaseProblems(problems: readonly Problem[]): void {
  for (const { moments, weights } of problems) {
    releaseMoments(moments);
    giveBack([weights]);
  }
}

/** A layer's name as messages quote it. */
export function describeProblem(problem: Problem): string {
  return problem.name === undefined ? "a layer" : `layer "${problem.name}"`;
}

/**
 * Checks that problems describe one channel space.
 *
 * @param problems The consumers of the space.
 * @throws {TypeError} When there are none, or sizes do not fit, or their channel counts differ.
 */
export function checkProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) {
    throw new TypeError("select channels: no problem given, wanted at least one");
  }
  const { channels } = problems[0];
  for (const problem of problems) {
    const { moments: { d, n }, weights, positions, channelOf } = problem;
    const fits = weights.length === d * n && d % positions === 0 &&
      channelOf.length === positions && problem.channels === channels &&
      channelOf.every((channel) => channel >= 0 && channel < channels);
    if (!fits) {
      throw new TypeError(
        `select channels of ${
          describeProblem(problem)
        }: ${weights.length} weights, ${d}×${n} moments, ` +
          `${positions} positions, ${channelOf.length} entries in channelOf, ${problem.channels} channels; ` +
          `wanted d×n weights, d a multiple of positions, channelOf from positions to 0 … ${
            channels - 1
          }`,
      );
    }
  }
}

/**
 * Rows of the moments that belong to each channel.
 *
 * @param problem A consumer.
 * @returns One ascending list of rows per channel.
 */
export function rowsOfChannels(problem: Problem): number[][] {
  const rows: number[][] = Array.from({ length: problem.channels }, () => []);
  for (let row = 0; row < problem.moments.d; row++) {
    rows[problem.channelOf[row % problem.positions]].push(row);
  }
  return rows;
}

/**
 * Rows of the moments that belong to the channels that stay.
 *
 * @param problem A consumer.
 * @param keptChannels The channels, in any order.
 * @returns The rows, ascending.
 * @throws {RangeError} When a channel does not exist.
 */
export function rowsOfKept(problem: Problem, keptChannels: ArrayLike<number>): number[] {
  const kept = new Uint8Array(problem.channels);
  for (const channel of Array.from(keptChannels)) {
    if (!Number.isInteger(channel) || channel < 0 || channel >= problem.channels) {
      throw new RangeError(
        `reconstruct a layer: channel ${channel} kept, wanted 0 … ${problem.channels - 1}`,
      );
    }
    kept[channel] = 1;
  }
  const rows: number[] = [];
  for (let row = 0; row < problem.moments.d; row++) {
    if (kept[problem.channelOf[row % problem.positions]]) rows.push(row);
  }
  return rows;
}

/**
 * Σy² over outputs: what errors are measured against. 1 where it is 0, so that nothing divides by it.
 *
 * @param problem A consumer.
 * @returns The sum.
 */
export function totalSquares({ moments, total: given }: Problem): number {
  const total = given ?? moments.sumYY.reduce((sum, square) => sum + square, 0);
  return total > 0 ? total : 1;
}

/**
 * Channels that carry no signal: their inputs are zero in every sample of every consumer (or constant, where the
 * moments are about the means).
 *
 * @param problems The consumers of one space.
 * @returns The channels, ascending.
 */
export function findDeadChannels(problems: readonly Problem[]): Int32Array {
  const alive = new Uint8Array(problems[0].channels);
  for (const { moments, positions, channelOf } of problems) {
    inputSquares(moments).forEach((square, row) => {
      if (square > 0) alive[channelOf[row % positions]] = 1;
    });
  }
  return Int32Array.from([...alive.keys()].filter((channel) => alive[channel] === 0));
}
