/**
 * Kernels in WebAssembly on the memory of the tfjs WASM backend, behind checked wrappers.
 *
 * @module
 */
export { startBackend } from "./backend.ts";
export {
  type ChannelMoments,
  channelMoments,
  trainBatchNorm,
  type TrainBatchNormOptions,
  type TrainedBatchNorm,
} from "./batch_norm.ts";
export {
  meanDiagonal,
  type RidgeEvidence,
  type RidgeSolution,
  type RidgeSystem,
  solveRidge,
} from "./cholesky.ts";
export { contractMoments, type PositionProblem } from "./contraction.ts";
export {
  type ClampActivation,
  type ConvolutionInputs,
  type ConvolutionOptions,
  convolve,
} from "./conv2d.ts";
export { convolutionFilterGradient } from "./conv2d_backprop_filter.ts";
export { convolutionInputGradient, type InputGradientInputs } from "./conv2d_backprop_input.ts";
export type { ConvolutionExports } from "./conv2d_exports.ts";
export type { ConvolutionShape } from "./conv2d_plan.ts";
export { type EliminationSystem, GroupElimination } from "./elimination.ts";
export { type Geometry, type OutputSize, outputSize } from "./geometry.ts";
export { type LassoEvent, type LassoWalk, walkLassoPath } from "./lasso_path.ts";
export {
  type KernelBuild,
  type KernelExports,
  type Kernels,
  loadKernels,
  type LoadOptions,
  preferredBuild,
} from "./load.ts";
export { BackendMemory, backendMemory, type OutputTensor } from "./memory.ts";
export { MomentAccumulator } from "./moment_accumulator.ts";
export {
  type MomentsByLayer,
  type PackedMoments,
  packMoments,
  unpackAll,
  unpackMoments,
} from "./packed_moments.ts";
export {
  centreInPlace,
  centreMoments,
  mergeMoments,
  type Moments,
  releaseMoments,
  sumMoments,
} from "./moments.ts";
export { samplePatches } from "./patches.ts";
export { registerKernels } from "./register.ts";
export type { TrainingExports } from "./training_exports.ts";
export { canUseWinograd, type ConvolutionMethod, fasterMethod } from "./winograd.ts";
