/**
 * What writers of foreign formats share: layers of a model, nested ones resolved, and their options; metadata.
 *
 * @module
 */
export { type ExpandedModel, expandLayers, type LayerCall } from "./expand_layers.ts";
export { activationOf, type LayerRefuser, pairOf, requireChannelsLast } from "./layer_options.ts";
export { readMetadata, writeMetadata } from "./metadata.ts";
