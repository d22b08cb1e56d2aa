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
export { accumulateMoments, crossTileBytes, gramTileBytes, momentWorkspaceBytes } from "./moments";
export { samplePatches } from "./patches";
