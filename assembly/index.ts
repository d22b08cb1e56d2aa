export {
  choleskyFactor,
  choleskyInvert,
  choleskySolve,
  choleskyWorkspaceBytes,
  subtractProduct,
} from "./cholesky";
export {
  compactElimination,
  eliminateGroup,
  eliminationCosts,
  eliminationWorkspaceBytes,
} from "./elimination";
export { gemmF32Tile6x8Peak } from "./gemm_f32";
export { contractGram, contractWorkspaceBytes } from "./lasso";
export {
  followLassoPath,
  lassoPathEventCount,
  lassoPathLambda,
  lassoPathWorkspaceBytes,
  startLassoPath,
} from "./lasso_path";
export { accumulateMoments, crossTileBytes, gramTileBytes, momentWorkspaceBytes } from "./moments";
export { samplePatches } from "./patches";
