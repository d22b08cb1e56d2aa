/** The layer graph of a model: channel spaces, index maps and surgery. */
export {
  type ChannelMap,
  type ChannelSpace,
  findChannelSpaces,
  spacesOfTensor,
} from "./channels/channel_spaces.ts";
export type { LayerRule } from "./channels/layer_rules.ts";
export { isStrided, selectorNode, selectorStrides } from "./channels/selectors.ts";
export {
  type CutMode,
  type InputChannels,
  inputChannels,
  listReaders,
  type ReaderPlace,
  selectionSaving,
  type SharedMode,
} from "./cuts/readers.ts";
export { type CutUnit, listCutUnits } from "./cuts/cut_units.ts";
export { findGuards, leastKept } from "./cuts/guards.ts";
export {
  bypassBlocks,
  leaveOutBypasses,
  type LeftBlock,
  meanOfBlock,
  type ResidualBlock,
} from "./cuts/residual_blocks.ts";
export {
  type Cuts,
  findSelectorPlace,
  noCuts,
  type SelectorPlace,
  selectorWindow,
  shrinkGraph,
} from "./cuts/surgery.ts";
export { activationArgument, batchNormAffine, isChannelNorm, isLinearMap } from "./affine.ts";
export { foldableChains, isImageNorm, mergeChain } from "./folding/chains.ts";
export { foldGraph } from "./folding/fold_graph.ts";
export {
  CONVOLUTION_CLASSES,
  inputPositions,
  kernelMatrix,
  kernelOfMatrix,
  kernelPositions,
  kernelSize,
} from "./kernel.ts";
export {
  consumersByNode,
  isFirstCall,
  type LayerGraph,
  type LayerNode,
  mergeInputsByDepth,
  nodeDepths,
  nodeKeyOf,
  nodesByKey,
} from "./layer_graph.ts";
export { writeGraph } from "./write_graph.ts";
export { inlineModels } from "./opening/inline_models.ts";
export { type Network, openNetwork, pinInputSize, unpinInputSize } from "./opening/network.ts";
export { activationOf, constructorName, pairOf, planeOf, tupleOf } from "./options.ts";
export { absorbBiases, withWeights } from "./weights.ts";
export {
  type ActivationBytes,
  activationBytes,
  OPEN_EXTENT,
  outputBytes,
} from "./activation_bytes.ts";
export { ACTIVATION_BUDGET, fitBatch } from "./fit_batch.ts";
export { compareNetworks, type Comparison } from "./comparison/compare_networks.ts";
export { answerComparison, compareOnThread } from "./comparison/comparison_thread.ts";
export { drawRows, type InputRows, rowsFor } from "./comparison/input_rows.ts";
