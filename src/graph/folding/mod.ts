/** Layers taken into one another, so that a network computes the same with fewer. */
export { type Affine, batchNormAffine, isChannelNorm, isLinearMap } from "./affine.ts";
export { foldableChains, mergeChain } from "./chains.ts";
export { foldGraph } from "./fold_graph.ts";
