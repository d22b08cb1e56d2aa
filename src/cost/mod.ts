/** What networks cost. */
export { type CostModel, costModel } from "./cost_model.ts";
export { type CostTerm, sumTerms } from "./cost_term.ts";
export type { KeptChannels } from "./extent.ts";
export * from "./latency.ts";
export { type LayerCost, layerCost, type NetworkCost, networkCost } from "./layer_cost.ts";
