export type { QuantizedType } from "./decode_weights.ts";
export { compareModels } from "./compare_models.ts";
export { captureModel, disposeModel, instantiate, releaseWeights } from "./instantiate.ts";
export { fingerprintModel } from "./fingerprint.ts";
export {
  isGraphModel,
  loadModelFile,
  type ModelJson,
  parseModelJson,
  readLayersModel,
  readModelJson,
  readWeights,
  refuseUnusableWeights,
} from "../formats/tfjs/load.ts";
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
  type InputPreparation,
  isImageShape,
  isPictureShape,
  type PixelTransform,
  type Preprocessing,
  preprocessingPresets,
  valuesOf,
  writePreprocessing,
} from "./preprocessing.ts";
export { type BesideReader, readBeside, refuse } from "../formats/tfjs/read_beside.ts";
export {
  type InputOverrides,
  type PreprocessingOverrides,
  readPreprocessing,
} from "./read_preprocessing.ts";
export {
  encodeModelFiles,
  type ExtraFiles,
  refuseExisting,
  resolveExtraFiles,
  saveModelFile,
  type SaveOptions,
} from "../formats/tfjs/save.ts";
export * from "../base/whole_file.ts";
export {
  findInputs,
  findInputShape,
  type InputDeclaration,
  isJsonObject,
  type JsonObject,
} from "./topology.ts";
