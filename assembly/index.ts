export { addF32, addRowF32 } from "./add";
export {
  batchNormInputGradient,
  batchNormParameterGradients,
  batchNormWorkspaceBytes,
  channelMoments,
  normalizeChannels,
} from "./batch_norm";
export {
  choleskyFactor,
  choleskyInvert,
  choleskyInvertWorkspaceBytes,
  choleskySolve,
  choleskyWorkspaceBytes,
  subtractProduct,
} from "./cholesky";
export { depthwiseConv2d, depthwiseConv2dWorkspaceBytes } from "./depthwise_conv2d";
export {
  depthwiseConv2dBackpropFilter,
  depthwiseConv2dBackpropFilterWorkspaceBytes,
} from "./depthwise_conv2d_backprop_filter";
export {
  depthwiseConv2dBackpropInput,
  depthwiseConv2dBackpropInputWorkspaceBytes,
} from "./depthwise_conv2d_backprop_input";
export { convolve2D, convolve2DWorkspaceBytes, packPhaseFilter } from "./conv2d";
export { convolve2DFilterGradient, filterGradientWorkspaceBytes } from "./conv2d_filter_gradient";
export {
  compactElimination,
  eliminateGroup,
  eliminationWorkspaceBytes,
  updateGroups,
} from "./elimination";
export { applyElimination, applyEliminationWorkspaceBytes } from "./elimination_pending";
export { gemmF32Tile4x8Peak, packF32ColumnPanels } from "./gemm_f32";
export { gemmF64Tile6x4Peak } from "./gemm_f64";
export { contractGram, contractWorkspaceBytes } from "./lasso";
export {
  followLassoPath,
  lassoPathEventCount,
  lassoPathLambda,
  lassoPathWorkspaceBytes,
  startLassoPath,
} from "./lasso_path";
export { maxPoolGradient } from "./max_pool_gradient";
export { accumulateMoments, crossTileBytes, gramTileBytes, momentWorkspaceBytes } from "./moments";
export { samplePatches } from "./patches";
export { sumRows, sumRowsWorkspaceBytes } from "./row_sums";
export {
  eliminateSampleGroup,
  multiplyF64,
  multiplyF64WorkspaceBytes,
  sampleBlocks,
  sampleEliminationWorkspaceBytes,
} from "./sample_elimination";
export { unsortedSegmentSum } from "./segment_sum";
export {
  transformWinogradFilter,
  winogradConvolve2D,
  winogradFilterBytes,
  winogradWorkspaceBytes,
} from "./winograd_conv2d";
export {
  winogradFilterGradient,
  winogradFilterGradientWorkspaceBytes,
} from "./winograd_filter_gradient";
