/** The layer graph of a model: channel spaces, index maps and surgery. */
export * from "./channel_spaces.ts";
export * from "./convolutions.ts";
export * from "./cut_units.ts";
export * from "./inline_models.ts";
export * from "./kernel.ts";
export * from "./layer_graph.ts";
export * from "./layer_rules.ts";
export * from "./network.ts";
export * from "./options.ts";
export * from "./selectors.ts";
export * from "./separate_calls.ts";
export * from "./split_separable.ts";
export * from "./surgery.ts";
export * from "./weights.ts";
