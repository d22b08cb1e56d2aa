export { parseClassNames } from "./class_names.ts";
export { compareModels } from "./compare_models.ts";
export {
  countStoredBytes,
  decodeWeights,
  type QuantizedType,
  readWeightSpec,
  type WeightSpec,
} from "./decode_weights.ts";
export { encodeWeights } from "./encode_weights.ts";
export { fingerprintModel } from "./fingerprint.ts";
export { captureModel, disposeModel, instantiate, releaseWeights } from "./instantiate.ts";
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
export {
  type InputOverrides,
  type PreprocessingOverrides,
  readPreprocessing,
} from "./read_preprocessing.ts";
export {
  findInputs,
  findInputShape,
  graphModelError,
  isJsonObject,
  type JsonObject,
  readTopology,
} from "./topology.ts";
export { requireFiniteWeights } from "./check_weights.ts";
