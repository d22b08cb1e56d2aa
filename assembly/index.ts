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
  choleskySolve,
  choleskyWorkspaceBytes,
  subtractProduct,
} from "./cholesky";
export {
  depthwiseConv2dBackpropFilter,
  depthwiseConv2dBackpropFilterWorkspaceBytes,
} from "./depthwise_conv2d_backprop_filter";
export {
  depthwiseConv2dBackpropInput,
  depthwiseConv2dBackpropInputWorkspaceBytes,
} from "./depthwise_conv2d_backprop_input";
export {
  compactElimination,
  eliminateGroup,
  eliminationCosts,
  eliminationWorkspaceBytes,
} from "./elimination";
export { gemmF32Tile6x8Peak } from "./gemm_f32";
export { contractGram, contractWorkspaceBytes } from "./lasso";
export { accumulateMoments, crossTileBytes, gramTileBytes, momentWorkspaceBytes } from "./moments";
export { adamStep, momentumStep } from "./optimizer_steps";
export { samplePatches } from "./patches";
export { unsortedSegmentSum } from "./segment_sum";
