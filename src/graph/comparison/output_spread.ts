import type * as tf from "@tensorflow/tfjs";

/** What a network makes of a batch at one output. */
export interface OutputValues {
  /** Extent of the last axis, 1 where that is the batch's. */
  readonly channels: number;
  /** The values, channels fastest. */
  readonly values: ArrayLike<number>;
}

/** Reads an output. */
export function readOutput(output: tf.Tensor): OutputValues {
  const channels = output.shape.length > 1 ? output.shape.at(-1)! : 1;
  return { channels, values: output.dataSync() };
}

/**
 * The least spread, as a share of the largest output: however little an output varies, f32 sums of a deep network may
 * lose some millionths of it.
 */
const SMALLEST_SPREAD = 1 / 16;

/** How far two versions of an output are from each other, relative to how far the output varies; added up in f64. */
export class OutputSpread {
  #largestDifference = 0;
  #largest = 0;
  #sums = new Float64Array(0);
  #squares = new Float64Array(0);
  #rows = 0;

  /**
   * Adds a batch.
   *
   * @param wanted The output as it was.
   * @param found The output as it is.
   */
  add({ channels, values: before }: OutputValues, { values: after }: OutputValues): void {
    if (this.#rows === 0) {
      this.#sums = new Float64Array(channels);
      this.#squares = new Float64Array(channels);
    }
    for (let i = 0; i < before.length; i++) {
      const value = before[i], difference = Math.abs(value - after[i]);
      // Written so that NaN counts as the largest.
      if (!(difference <= this.#largestDifference)) this.#largestDifference = difference;
      if (!(Math.abs(value) <= this.#largest)) this.#largest = Math.abs(value);
      this.#sums[i % channels] += value;
      this.#squares[i % channels] += value * value;
    }
    this.#rows += before.length / channels;
  }

  /** Largest difference over the standard deviation about the channels' means; NaN where an output is. */
  get difference(): number {
    const variances = this.#squares.map((square, channel) =>
      square / this.#rows - (this.#sums[channel] / this.#rows) ** 2
    );
    const variance = variances.reduce((sum, each) => sum + each, 0) / variances.length;
    const spread = Math.max(Math.sqrt(Math.max(0, variance)), this.#largest * SMALLEST_SPREAD);
    return this.#largestDifference === 0 ? 0 : this.#largestDifference / spread;
  }
}
