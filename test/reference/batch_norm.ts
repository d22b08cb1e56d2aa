/** A batch normalization: rows × channels values and what is done to them. */
export interface NaiveBatchNorm {
  x: ArrayLike<number>;
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
  epsilon: number;
  relu: boolean;
}

/** Mean and variance of channel c of `channels`, in two passes. */
export function naiveMoments(x: ArrayLike<number>, c: number, channels: number) {
  const rows = x.length / channels;
  let mean = 0, variance = 0;
  for (let r = 0; r < rows; r++) mean += x[r * channels + c] / rows;
  for (let r = 0; r < rows; r++) variance += (x[r * channels + c] - mean) ** 2 / rows;
  return { mean, variance };
}

/** Twin of `trainBatchNorm`. */
export function naiveBatchNorm({ x, gamma, beta, epsilon, relu }: NaiveBatchNorm): Float64Array {
  const channels = gamma.length;
  const output = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    const { mean, variance } = naiveMoments(x, c, channels);
    for (let at = c; at < x.length; at += channels) {
      const y = gamma[c] * (x[at] - mean) / Math.sqrt(variance + epsilon) + beta[c];
      output[at] = relu ? Math.max(0, y) : y;
    }
  }
  return output;
}

/** Twin of its gradient, through the mean and the variance one after the other. */
export function naiveBatchNormGradient(problem: NaiveBatchNorm, dy: ArrayLike<number>) {
  const { x, gamma, epsilon, relu } = problem;
  const channels = gamma.length, rows = x.length / channels;
  const output = naiveBatchNorm(problem);
  const dx = new Float64Array(x.length);
  const gammaGradient = new Float64Array(channels), betaGradient = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const { mean, variance } = naiveMoments(x, c, channels);
    const deviation = Math.sqrt(variance + epsilon);
    let byMean = 0, byVariance = 0;
    for (let at = c; at < x.length; at += channels) {
      const g = relu && output[at] <= 0 ? 0 : dy[at];
      betaGradient[c] += g;
      gammaGradient[c] += g * (x[at] - mean) / deviation;
      byMean -= g * gamma[c] / deviation;
      byVariance -= g * gamma[c] * (x[at] - mean) / (2 * deviation ** 3);
    }
    for (let at = c; at < x.length; at += channels) {
      const g = relu && output[at] <= 0 ? 0 : dy[at];
      dx[at] = g * gamma[c] / deviation + byMean / rows + byVariance * 2 * (x[at] - mean) / rows;
    }
  }
  return { dx, gammaGradient, betaGradient };
}
