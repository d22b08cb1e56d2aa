import type { ModelFile } from "../model/mod.ts";
import { Thread } from "../base/mod.ts";
import { startBackend } from "../kernels/mod.ts";
import { createRuntime, type RuntimeName } from "../runtimes/mod.ts";
import { type LatencyOptions, timeInTurns, type Timing } from "./latency.ts";
import type { LayerShape } from "./layer_shape.ts";
import { type LayerTimer, type LayerTimes, timeLayers, type TimingEffort } from "./time_layers.ts";

/** What the thread is asked. */
type RuntimeRequest =
  & { readonly runtime: RuntimeName }
  & (
    | { readonly shapes: readonly LayerShape[]; readonly effort?: TimingEffort }
    | { readonly files: readonly ModelFile[]; readonly options: LatencyOptions }
  );

/** Asks a thread that is ready for one runtime alone, whatever this one has loaded. */
async function askRuntime(request: RuntimeRequest): Promise<unknown> {
  createRuntime(request.runtime);
  const thread = new Thread("runtime", `for latencies on ${request.runtime}`);
  try {
    return await thread.ask(request);
  } finally {
    thread.terminate();
  }
}

/**
 * What that thread does with a request.
 *
 * @param message Layers or models, and what runs them.
 * @returns Their times.
 */
export async function answerRuntime(message: unknown): Promise<unknown> {
  const request = message as RuntimeRequest;
  const runtime = createRuntime(request.runtime);
  // TensorFlow.js makes layers, whatever runs them then.
  await startBackend();
  await runtime.start();
  return "shapes" in request
    ? await timeLayers(request.shapes, request.effort, runtime)
    : await timeInTurns(request.files, request.options, runtime.open);
}

/**
 * `timeLayers` on a thread of its own, so that it does not matter what this thread has loaded.
 *
 * @param runtime What runs the layers.
 * @param effort How carefully.
 * @returns What times layers. It throws an `InputError` when the runtime has no place for a layer or there can be no thread,
 * and a `WorkerError` when the thread ends before it answers.
 */
export function timeLayersOn(runtime: RuntimeName, effort?: TimingEffort): LayerTimer {
  return async (shapes) => await askRuntime({ runtime, shapes, effort }) as LayerTimes;
}

/**
 * Times models on a runtime, in turn, so that a drift of the machine's speed meets all of them. This is done on a thread of
 * its own, so that it does not matter what this thread has loaded.
 *
 * @param runtime What runs the models.
 * @param files The models; all have inputs of the same shapes.
 * @param options Batch size and number of predictions.
 * @returns A timing per model, in milliseconds.
 * @throws {InputError} When the runtime is not to be had or has no place for a layer, or there can be no thread.
 * @throws {WorkerError} When the thread ends before it answers.
 *
 * @example Compare the latency of a folded model with that of the original on Secateur's kernels
 * ```ts
 * import { fold, measureLatencyOn, openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const original = await openModel("cli/example/resnet8-fashion-mnist");
 * const { file: folded } = await fold(original);
 * const options = { batchSize: 1, rounds: 5 };
 * const [before, after] = await measureLatencyOn("secateur", [original, folded], options);
 * assert.equal(before.relative.median, 1);
 * assert.ok(after.relative.median > 0);
 * ```
 */
export async function measureLatencyOn(
  runtime: RuntimeName,
  files: readonly ModelFile[],
  options: LatencyOptions,
): Promise<Timing[]> {
  return await askRuntime({ runtime, files, options }) as Timing[];
}
