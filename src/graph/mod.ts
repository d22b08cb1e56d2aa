/** The layer graph of a model: channel spaces, index maps and surgery. */
export * from "./channels/channel_spaces.ts";
export * from "./cuts/convolutions.ts";
export * from "./cuts/cut_units.ts";
export * from "./opening/inline_models.ts";
export * from "./kernel.ts";
export * from "./layer_graph.ts";
export * from "./channels/layer_rules.ts";
export * from "./opening/network.ts";
export * from "./options.ts";
export * from "./channels/selectors.ts";
export * from "./opening/separate_calls.ts";
export * from "./opening/split_separable.ts";
export * from "./cuts/surgery.ts";
export * from "./weights.ts";
