/**
 * Kernels in WebAssembly on the memory of the tfjs WASM backend, behind checked wrappers.
 *
 * @module
 */
export { startBackend } from "./backend.ts";
export { trainBatchNorm } from "./batch_norm.ts";
export { meanDiagonal, type RidgeEvidence, type RidgeSystem, solveRidge } from "./cholesky.ts";
export { contractMoments, type PositionProblem } from "./contraction.ts";
export { convolve } from "./conv2d.ts";
export { convolutionFilterGradient } from "./conv2d_backprop_filter.ts";
export { convolutionInputGradient } from "./conv2d_backprop_input.ts";
export type { ConvolutionShape } from "./conv2d_plan.ts";
export { GroupElimination } from "./elimination.ts";
export { type Geometry, outputSize } from "./geometry.ts";
export { type LassoEvent, type LassoWalk, walkLassoPath } from "./lasso_path.ts";
export { type KernelBuild, type Kernels, loadKernels, preferredBuild } from "./load.ts";
export { BackendMemory, backendMemory } from "./memory.ts";
export { MomentAccumulator } from "./moment_accumulator.ts";
export {
  centreInPlace,
  centreMoments,
  mergeMoments,
  type Moments,
  releaseMoments,
  sumMoments,
} from "./moments.ts";
export {
  type MomentsByLayer,
  type PackedMoments,
  packMoments,
  unpackAll,
  unpackMoments,
} from "./packed_moments.ts";
export { samplePatches } from "./patches.ts";
export { registerKernels } from "./register.ts";
export { canUseWinograd, type ConvolutionMethod, fasterMethod } from "./winograd.ts";
