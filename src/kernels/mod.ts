/**
 * Kernels in WebAssembly on the memory of the tfjs WASM backend, behind checked wrappers.
 *
 * @module
 */
export { startBackend } from "./backend.ts";
export { channelMoments, trainBatchNorm } from "./batch_norm.ts";
export { type RidgeEvidence, solveRidge, solveWritten } from "./cholesky.ts";
export { conditionMoments, conditionTrial } from "./conditional_moments.ts";
export { contractMoments } from "./contraction.ts";
export { GroupElimination } from "./elimination.ts";
export type { Elimination, EliminationSystem } from "./elimination_state.ts";
export type { Geometry } from "./geometry.ts";
export {
  heldOutError,
  type HeldOutTrial,
  type SampleMoments,
  type WrittenMoments,
  type WrittenTrial,
} from "./held_out.ts";
export { changeGram, gramOf, rowStarts, writeGram } from "./gram.ts";
export { lendTensor, lendZeros } from "./lent_tensors.ts";
export { type LassoEvent, type LassoWalk, walkLassoPath } from "./lasso_path.ts";
export { KERNEL_TILE, type Kernels, loadKernels, preferredBuild } from "./load.ts";
export { MomentAccumulator } from "./moment_accumulator.ts";
export {
  addMoments,
  buffersOf,
  centerInPlace,
  copyMoments,
  giveBack,
  inputSquares,
  joinParts,
  largeArrays,
  type LayerMoments,
  mergeMoments,
  type MomentParts,
  type Moments,
  type PackedMoments,
  releaseMoments,
  type Samples,
} from "./moments.ts";
export {
  assembleMoments,
  type MomentsByLayer,
  type MomentsPart,
  type MomentsSize,
  packedBytes,
  packMoments,
  partOf,
  shapesOfParts,
  sizeOfMoments,
  unpackMoments,
} from "./packed_moments.ts";
export { TensorFile, type TensorPlace } from "./tensor_file.ts";
export { SampleElimination } from "./sample_elimination.ts";
export {
  gramOfSamples,
  momentsOfSamples,
  pickColumns,
  productOfSamples,
  refitBySamples,
  solveSampleGram,
} from "./samples.ts";
export { samplePatches } from "./patches.ts";
export { registerKernels } from "./register.ts";
