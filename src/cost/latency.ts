import type { ModelFile } from "../model/mod.ts";
import { openLayersModel, type Runtime } from "../runtimes/mod.ts";

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
  options: LatencyOptions,
): Promise<Timing[]> {
  return await timeInTurns(files, options, openLayersModel);
}

/**
 * Times runs of networks, in turn.
 *
 * @param files The networks; all have inputs of the same shapes.
 * @param options Batch size and number of runs.
 * @param open Makes a network ready on a runtime that this thread is ready for.
 * @returns A timing per network, in milliseconds.
 * @throws {InputError} When the runtime has no place for a network.
 */
export async function timeInTurns(
  files: readonly ModelFile[],
  { batchSize, rounds, milliseconds = Infinity }: LatencyOptions,
  open: Runtime["open"],
): Promise<Timing[]> {
  const networks = await Promise.all(files.map((file) => open(file, batchSize)));
  const times = networks.map((): number[] => []);
  const begin = performance.now();
  const elapsed = () => performance.now() - begin;
  for (let warmUp = 0; warmUp < Math.min(rounds, MOST_WARM_UPS); warmUp++) {
    if (warmUp > 0 && elapsed() > WARM_UP_SHARE * milliseconds) break;
    for (const network of networks) await network.run();
  }
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && elapsed() > milliseconds) break;
    for (const [index, network] of networks.entries()) {
      const start = performance.now();
      await network.run();
      times[index].push(performance.now() - start);
    }
  }
  for (const network of networks) network.dispose();
  const [first] = times;
  return times.map((own) => ({
    ...summarize(own),
    relative: summarize(own.map((time, round) => time / first[round])),
  }));
}
