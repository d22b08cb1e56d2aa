/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * A second thread of layer_bench.ts: is sent a range of batches, makes them on a backend of its own and answers `null`;
 * answers every further message with their moments.
 */
import { loadKernels } from "../src/kernels/load.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { type Batch, collectMoments, makeBatches, makeWeights } from "./layer_samples.ts";

let batches: Batch[] | undefined;

self.onmessage = async ({ data }: MessageEvent<[first: number, end: number] | null>) => {
  await startBackend();
  const kernels = await loadKernels();
  if (data !== null) {
    batches = makeBatches(kernels, makeWeights(), ...data);
    collectMoments(kernels, batches.slice(0, 10));
    self.postMessage(null);
    return;
  }
  self.postMessage(collectMoments(kernels, batches!).moments);
};
