import * as tf from "@tensorflow/tfjs";

/** Times of several runs. */
export interface Timing {
  /** Fastest run, in milliseconds. */
  readonly minimum: number;
  /** Median, in milliseconds. */
  readonly median: number;
  /** Slowest run, in milliseconds. */
  readonly maximum: number;
}

function summarize(times: number[]): Timing {
  const sorted = [...times].sort((first, second) => first - second);
  return {
    minimum: sorted[0],
    median: sorted[Math.floor(sorted.length / 2)],
    maximum: sorted[sorted.length - 1],
  };
}

/**
 * Times `model.predict` of stock TensorFlow.js on the current backend, the models in turn, so that a drift of the
 * machine's speed meets all of them.
 *
 * @param models The models; all read images of the same shape.
 * @param options Images per prediction, and counted rounds; as many again warm up, five at most.
 * @returns A timing per model.
 */
export function measureLatency(
  models: readonly tf.LayersModel[],
  { batchSize, rounds }: { batchSize: number; rounds: number },
): Timing[] {
  const shape = models[0].inputs[0].shape.slice(1) as number[];
  const images = tf.randomUniform([batchSize, ...shape]);
  const times = models.map((): number[] => []);
  const warmUp = Math.min(rounds, 5);
  for (let round = -warmUp; round < rounds; round++) {
    models.forEach((model, index) => {
      const start = performance.now();
      tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync());
      if (round >= 0) times[index].push(performance.now() - start);
    });
  }
  images.dispose();
  return times.map(summarize);
}
