/**
 * What readers of foreign formats share: nodes and constants of a graph become layers and weights.
 *
 * @module
 */
export * from "./activations.ts";
export * from "./affine.ts";
export * from "./constants.ts";
export * from "./import_call.ts";
export { LayerBuilder, type LayerWeight, type NewLayer } from "./layer_builder.ts";
export * from "./order_nodes.ts";
export * from "./windows.ts";
