/** What networks cost. */
export { type CostModel, costModel } from "./cost_model.ts";
export { type CostTerm, sumTerms } from "./cost_term.ts";
export { forwardSeconds } from "./forward_time.ts";
export { type LatencyOptions, measureLatency, type Spread, type Timing } from "./latency.ts";
export { latencyBatch } from "./latency_batch.ts";
export { latencyModel, usefulCounts } from "./latency_model.ts";
export {
  describeConditions,
  findSharedTable,
  type LatencyConditions,
  LatencyTable,
} from "./latency_table.ts";
export { layerCost, type NetworkCost, networkCost } from "./layer_cost.ts";
export { layerShapes, networkTimes } from "./network_times.ts";
export { answerRuntime, measureLatencyOn, timeLayersOn } from "./on_runtime.ts";
export {
  type LayerProfile,
  type NetworkProfile,
  profileGraph,
  type RunProfile,
} from "./profile.ts";
export { type SelectionTimes, selectionTimes, wayToSelector } from "./selection_times.ts";
export type { LayerTimer } from "./time_layers.ts";
export type { KeptChannels } from "./extent.ts";
