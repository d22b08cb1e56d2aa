import { InputError } from "../errors.ts";
import type { ModelFile } from "../model/mod.ts";
import type { LatencyOptions, Timing } from "./latency.ts";
import type { LayerShape } from "./layer_shape.ts";
import type { LayerTimes } from "./time_layers.ts";

/** What the worker is asked. */
export type StockRequest =
  | { readonly shapes: readonly LayerShape[] }
  | { readonly files: readonly ModelFile[]; readonly options: LatencyOptions };

/** What it answers. */
export type StockAnswer =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string } };

/** Asks a thread whose backend has none of our kernels. */
async function askStock(request: StockRequest): Promise<unknown> {
  const worker = new Worker(new URL("./stock_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<StockAnswer>();
  worker.onmessage = ({ data }: MessageEvent<StockAnswer>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new InputError(`starting a thread to measure latency on: ${event.message}`));
  };
  try {
    worker.postMessage(request);
    const answer = await promise;
    if ("value" in answer) return answer.value;
    const { name, message } = answer.error;
    throw name === "InputError" ? new InputError(message) : new Error(message);
  } finally {
    worker.terminate();
  }
}

/**
 * `timeLayers` on a thread of its own, whose backend is that of stock tfjs-wasm whatever this thread has registered.
 *
 * @param shapes The layers.
 * @returns Their times.
 * @throws {InputError} When TensorFlow.js cannot make a layer, or there can be no thread.
 */
export async function timeStockLayers(shapes: readonly LayerShape[]): Promise<LayerTimes> {
  return await askStock({ shapes }) as LayerTimes;
}

/**
 * `measureLatency` on a thread of its own, whose backend is that of stock tfjs-wasm whatever this thread has registered.
 *
 * @param files The models; all read images of the same shape.
 * @param options Batch size and rounds.
 * @returns A timing per model.
 * @throws {InputError} When TensorFlow.js cannot make a model, or there can be no thread.
 */
export async function measureStockLatency(
  files: readonly ModelFile[],
  options: LatencyOptions,
): Promise<Timing[]> {
  return await askStock({ files, options }) as Timing[];
}
