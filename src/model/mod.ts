export { captureModel, disposeModel, instantiate } from "./instantiate.ts";
export { fingerprintModel } from "./fingerprint.ts";
export { loadModelFile, refuseUnusableWeights } from "./load.ts";
export type {
  LayerConfig,
  LayerJson,
  LayersTopology,
  ModelFile,
  Weight,
  WeightType,
} from "./model_file.ts";
export {
  applyPreprocessing,
  type PixelTransform,
  type Preprocessing,
  preprocessingPresets,
  writePreprocessing,
} from "./preprocessing.ts";
export { readBeside, refuse } from "./read_beside.ts";
export { type PreprocessingOverrides, readPreprocessing } from "./read_preprocessing.ts";
export {
  type ExtraFiles,
  refuseExisting,
  resolveExtraFiles,
  saveModelFile,
  type SaveOptions,
} from "./save.ts";
export * from "./single_file.ts";
export { findInputShape } from "./topology.ts";
