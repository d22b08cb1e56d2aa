import { activationBytes, fitBatch, type LayerGraph } from "../graph/mod.ts";

/** Images that `model.predict` of TensorFlow.js runs at once. */
export const PREDICT_BATCH = 32;

/**
 * Images of the predictions whose latency counts: as many as `model.predict` runs at once, fewer where the activations of
 * so many have no room.
 *
 * @param graph The network, with a fixed input size.
 * @returns How many.
 */
export function latencyBatch(graph: LayerGraph): number {
  return fitBatch(PREDICT_BATCH, activationBytes(graph).forward);
}
