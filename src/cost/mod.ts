/** What networks cost. */
export { type CostModel, costModel } from "./cost_model.ts";
export { type CostTerm, sumTerms } from "./cost_term.ts";
export type { KeptChannels } from "./extent.ts";
export * from "./latency.ts";
export { latencyModel, type LatencyModelOptions, usefulCounts } from "./latency_model.ts";
export {
  describeConditions,
  type LatencyConditions,
  LatencyTable,
  type LatencyTableOptions,
} from "./latency_table.ts";
export { type LayerCost, layerCost, type NetworkCost, networkCost } from "./layer_cost.ts";
export type { LayerShape } from "./layer_shape.ts";
export { networkTimes } from "./network_times.ts";
export { answerStock, measureStockLatency, timeStockLayers } from "./on_stock.ts";
export { type LayerTimer, type LayerTimes, timeLayers } from "./time_layers.ts";
export {
  type LayerProfile,
  type NetworkProfile,
  profileGraph,
  type RunProfile,
} from "./profile.ts";
