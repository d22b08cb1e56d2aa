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
  addSpreadPRelu,
  addUnary,
  COMMON_ACTIVATIONS,
  findSwish,
} from "./activations.ts";
export {
  addAffine,
  addArithmetic,
  addSelector,
  addUniformAffine,
  type Arithmetic,
  padColumns,
} from "./affine.ts";
export { addBatchNorm } from "./batch_norm.ts";
export {
  alike,
  broadcastShapes,
  combineConstants,
  type Constant,
  countElements,
  floats,
  fromFront,
  holdsIntegers,
  integers,
  listIndices,
  takeAlong,
  transposeConstant,
  transposeMatrix,
} from "./constants.ts";
export {
  type Feature,
  ImportCall,
  type ImportContext,
  MOST_VALUES,
  NodeRefusal,
} from "./import_call.ts";
export {
  axisOf,
  castNumbers,
  COMMON_FOLDINGS,
  fillShape,
  foldArithmetic,
  foldUnary,
  joinLists,
  moveAxes,
  openShape,
  pickEntries,
  squeezeAxes,
} from "./foldings.ts";
export { findTail, type FoundLayer, type FoundTail, type TailGraph } from "./find_tail.ts";
export { LayerBuilder, type LayerWeight } from "./layer_builder.ts";
export { orderNodes } from "./order_nodes.ts";
export { describeConstant } from "./step_constant.ts";
export {
  addCrop,
  addGlobalPool,
  addThinning,
  addZeros,
  isSame,
  isUnpadded,
  padFor,
  type Pair,
  requireMapAxes,
  resized,
  sizeOf,
  spreadTaps,
  type Windows,
} from "./windows.ts";
