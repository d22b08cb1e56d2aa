import * as tf from "@tensorflow/tfjs";
import { disposeModel, instantiate, type ModelFile } from "../model/mod.ts";

/** The smallest, the median and the largest of several values. */
export interface Spread {
  /** Smallest. */
  readonly minimum: number;
  /** Median. */
  readonly median: number;
  /** Largest. */
  readonly maximum: number;
}

/** Times of several runs, in milliseconds. */
export interface Timing extends Spread {
  /** Ratios of the times to those of the first model in the same rounds. */
  readonly relative: Spread;
}

function summarize(values: readonly number[]): Spread {
  const sorted = values.toSorted((first, second) => first - second);
  return {
    minimum: sorted[0],
    median: sorted[Math.floor(sorted.length / 2)],
    maximum: sorted[sorted.length - 1],
  };
}

/** Settings of {@link measureLatency}. */
export interface LatencyOptions {
  /** Images in every timed prediction. */
  readonly batchSize: number;
  /** Timed predictions of every model; up to five more warm up. */
  readonly rounds: number;
  /** Milliseconds after which no more predictions are begun, once there are five of every model. Default: no end. */
  readonly milliseconds?: number;
}

const MOST_WARM_UPS = 5;

/** Timed predictions of every model at least, as far as so many are asked for; the share of the time that may warm up. */
const LEAST_ROUNDS = 5, WARM_UP_SHARE = 0.25;

/**
 * Times `model.predict` of stock TensorFlow.js on the current backend, the models in turn, so that a drift of the
 * machine's speed meets all of them.
 *
 * @param files The models; all have inputs of the same shapes.
 * @param options Batch size and number of predictions.
 * @returns A timing per model, in milliseconds.
 * @throws {InputError} When TensorFlow.js cannot make a model.
 *
 * @example Time predictions in a browser
 * ```ts
 * import { measureLatency, resolveModel, startBackend } from "secateur/browser";
 * import assert from "node:assert/strict";
 *
 * const model = await resolveModel("cli/example/resnet8-fashion-mnist");
 * await startBackend();
 * const [{ minimum, median, maximum }] = await measureLatency([model], { batchSize: 1, rounds: 5 });
 * assert.ok(minimum <= median && median <= maximum);
 * ```
 */
export async function measureLatency(
  files: readonly ModelFile[],
  { batchSize, rounds, milliseconds = Infinity }: LatencyOptions,
): Promise<Timing[]> {
  const models = await Promise.all(files.map(instantiate));
  const inputs = models[0].inputs.map(({ shape: [, ...extents] }) =>
    tf.randomUniform([batchSize, ...extents as number[]])
  );
  const times = models.map((): number[] => []);
  const predict = async (model: tf.LayersModel): Promise<number> => {
    const start = performance.now();
    const outputs = tf.tidy(() => [model.predict(inputs)].flat());
    // Graphics processors answer later, and WebGPU to nobody who stands waiting.
    await Promise.all(outputs.map((output) => output.data()));
    const time = performance.now() - start;
    tf.dispose(outputs);
    return time;
  };
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  for (let warmUp = 0; warmUp < Math.min(rounds, MOST_WARM_UPS); warmUp++) {
    if (warmUp > 0 && elapsed() > WARM_UP_SHARE * milliseconds) break;
    for (const model of models) await predict(model);
  }
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && elapsed() > milliseconds) break;
    for (const [index, model] of models.entries()) times[index].push(await predict(model));
  }
  tf.dispose(inputs);
  for (const model of models) disposeModel(model);
  const [first] = times;
  return times.map((own) => ({
    ...summarize(own),
    relative: summarize(own.map((time, round) => time / first[round])),
  }));
}
