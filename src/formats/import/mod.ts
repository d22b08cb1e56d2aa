/**
 * What readers of foreign formats share: nodes and constants of a graph become layers and weights.
 *
 * @module
 */
export {
  addActivation,
  addCappedRelu,
  addClip,
  addPRelu,
  addUnary,
  findSwish,
} from "./activations.ts";
export {
  addArithmetic,
  addSelector,
  addUniformAffine,
  type Arithmetic,
  padColumns,
} from "./affine.ts";
export {
  alike,
  broadcastShapes,
  combineConstants,
  type Constant,
  countElements,
  floats,
  integers,
  listIndices,
  takeAlong,
  transposeMatrix,
} from "./constants.ts";
export { type Feature, ImportCall, type ImportContext, MOST_VALUES } from "./import_call.ts";
export { LayerBuilder, type LayerWeight } from "./layer_builder.ts";
export { orderNodes } from "./order_nodes.ts";
export {
  addCrop,
  addThinning,
  addZeros,
  isSame,
  isUnpadded,
  type Pair,
  resized,
  sizeOf,
  spreadTaps,
  type Windows,
} from "./windows.ts";
