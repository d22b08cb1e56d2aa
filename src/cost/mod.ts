/** What networks cost. */
export * from "./layer_cost.ts";
export * from "./latency.ts";
