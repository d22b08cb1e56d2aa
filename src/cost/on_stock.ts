import { startBackend } from "../kernels/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import { Thread } from "../base/mod.ts";
import { type LatencyOptions, measureLatency, type Timing } from "./latency.ts";
import type { LayerShape } from "./layer_shape.ts";
import { type LayerTimes, timeLayers, type TimingEffort } from "./time_layers.ts";

/** What the thread is asked. */
type StockRequest =
  | { readonly shapes: readonly LayerShape[]; readonly effort?: TimingEffort }
  | { readonly files: readonly ModelFile[]; readonly options: LatencyOptions };

/** Asks a thread whose backend has none of our kernels. */
async function askStock(request: StockRequest): Promise<unknown> {
  const thread = new Thread("stock", "for latencies");
  try {
    return await thread.ask(request);
  } finally {
    thread.terminate();
  }
}

/**
 * What that thread does with a request.
 *
 * @param message Layers or models.
 * @returns Their times.
 */
export async function answerStock(message: unknown): Promise<unknown> {
  const request = message as StockRequest;
  await startBackend();
  return "shapes" in request
    ? await timeLayers(request.shapes, request.effort)
    : await measureLatency(request.files, request.options);
}

/**
 * `timeLayers` on a thread of its own, whose backend is that of stock tfjs-wasm whatever this thread has registered.
 *
 * @param shapes The layers.
 * @param effort How carefully.
 * @returns Their times.
 * @throws {InputError} When TensorFlow.js cannot make a layer, or there can be no thread.
 * @throws {WorkerError} When the thread ends before it answers.
 */
export async function timeStockLayers(
  shapes: readonly LayerShape[],
  effort?: TimingEffort,
): Promise<LayerTimes> {
  return await askStock({ shapes, effort }) as LayerTimes;
}

/**
 * Times `model.predict` of stock tfjs-wasm, the models in turn, so that a drift of the machine's speed meets all of
 * them. This is done on a thread of its own, so that it does not matter which kernels this thread has registered.
 *
 * @param files The models; all have inputs of the same shapes.
 * @param options Batch size and number of predictions.
 * @returns A timing per model, in milliseconds.
 * @throws {InputError} When TensorFlow.js cannot make a model, or there can be no thread.
 * @throws {WorkerError} When the thread ends before it answers.
 *
 * @example Compare the latency of a folded model with that of the original
 * ```ts
 * import { fold, measureStockLatency, openModel } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const original = await openModel("cli/example/resnet8-fashion-mnist");
 * const { file: folded } = await fold(original);
 * const options = { batchSize: 1, rounds: 5 };
 * const [before, after] = await measureStockLatency([original, folded], options);
 * assert.equal(before.relative.median, 1);
 * assert.ok(after.relative.median > 0);
 * ```
 */
export async function measureStockLatency(
  files: readonly ModelFile[],
  options: LatencyOptions,
): Promise<Timing[]> {
  return await askStock({ files, options }) as Timing[];
}
