/**
 * Kernels in WebAssembly on the memory of the tfjs WASM backend, behind checked wrappers.
 *
 * @module
 */
export { startBackend } from "./backend.ts";
export { trainBatchNorm } from "./batch_norm.ts";
export { type RidgeEvidence, solveRidge } from "./cholesky.ts";
export { conditionMoments, conditionTrial } from "./conditional_moments.ts";
export { contractMoments } from "./contraction.ts";
export { GroupElimination } from "./elimination.ts";
export type { Elimination, EliminationSystem } from "./elimination_state.ts";
export type { Geometry } from "./geometry.ts";
export { heldOutError, type HeldOutTrial, type SampleMoments } from "./held_out.ts";
export { type LassoEvent, type LassoWalk, walkLassoPath } from "./lasso_path.ts";
export { type Kernels, loadKernels, preferredBuild } from "./load.ts";
export { MomentAccumulator } from "./moment_accumulator.ts";
export {
  centerInPlace,
  inputSquares,
  joinHalves,
  mergeMoments,
  type Moments,
  releaseMoments,
  type Samples,
  sumMoments,
} from "./moments.ts";
export {
  assembleMoments,
  type MomentsByLayer,
  type MomentsPart,
  type MomentsSize,
  packAndRelease,
  packedBytes,
  type PackedMoments,
  packMoments,
  partOf,
  shapesOfParts,
  sizeOfMoments,
  unpackMoments,
} from "./packed_moments.ts";
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
