import type * as tf from "@tensorflow/tfjs";

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
   * @param wanted The output as it was, channels in its last axis.
   * @param found The output as it is.
   */
  add(wanted: tf.Tensor, found: tf.Tensor): void {
    const channels = wanted.shape.length > 1 ? wanted.shape.at(-1)! : 1;
    const [before, after] = [wanted.dataSync(), found.dataSync()];
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
