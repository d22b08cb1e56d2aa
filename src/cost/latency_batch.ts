import { activationBytes, fitBatch, type LayerGraph } from "../graph/mod.ts";

/** Images that `model.predict` of TensorFlow.js runs at once. */
export const PREDICT_BATCH = 32;

/**
 * Images of the predictions whose latency counts: as many as `model.predict` runs at once, fewer where the activations of
 * so many have no room; one on runtimes that compile networks, which devices give one image at a time.
 *
 * @param graph The network, with a fixed input size.
 * @param isCompiled Whether the runtime compiles networks. Default false.
 * @returns How many.
 */
export function latencyBatch(graph: LayerGraph, isCompiled = false): number {
  if (isCompiled) return 1;
  return fitBatch(PREDICT_BATCH, activationBytes(graph).forward);
}
