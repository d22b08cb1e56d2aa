/**
 * What writers of foreign formats share: layers of a model, nested ones resolved, and their options; metadata.
 *
 * @module
 */
export {
  eluFormula,
  type PartOperator,
  type Parts,
  PARTS_FORMULAS,
  type PartsFormula,
} from "./activation_formulas.ts";
export { type ExpandedModel, expandLayers } from "./expand_layers.ts";
export { findWriter, inputShapeOf } from "./find_writer.ts";
export type { LayerCall } from "./layer_call.ts";
export {
  activationOf,
  broadcastPair,
  countWindows,
  type LayerRefuser,
  movedSides,
  numberOf,
  pairOf,
  readDot,
  requireChannelsLast,
  sidesOf,
  windowsOfPool,
} from "./layer_options.ts";
export { readMetadata, writeMetadata } from "./metadata.ts";
export { writeCalls } from "./write_calls.ts";
