export { parseClassNames } from "./class_names.ts";
export {
  countStoredBytes,
  decodeWeights,
  readWeightSpec,
  type WeightSpec,
} from "./decode_weights.ts";
export type {
  LayerConfig,
  LayerJson,
  LayersTopology,
  ModelFile,
  QuantizedType,
  Weight,
  WeightType,
} from "./model_file.ts";
export {
  OPERATION_CLASS,
  type OperationConfig,
  type OperationConstant,
  type OperationReach,
  operationShape,
  sliceOperation,
} from "./operation.ts";
export {
  type FileTail,
  type FrameForm,
  type FrameFormat,
  frameIn,
  type FrameInput,
  type FrameOutput,
  type GraphTail,
  type GraphTailNode,
  type ModelFrame,
  type ModelTail,
  type TailInput,
  type TailNode,
} from "./model_frame.ts";
export { noteOnTail, reasonInTail } from "./note_on_tail.ts";
export { encodeWeights, type StoredWeights } from "./encode_weights.ts";
export { fitsFloat16 } from "./quantize.ts";
export { fingerprintModel } from "./fingerprint.ts";
export { captureModel, disposeModel, instantiate, releaseWeights } from "./instantiate.ts";
export {
  applyPreprocessing,
  type InputPreparation,
  isImageShape,
  isPictureShape,
  type PixelTransform,
  type Preprocessing,
  preprocessingPresets,
  presetNames,
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
export { shareValues, shareWeights } from "./share_weights.ts";
export { requireFiniteWeights } from "./check_weights.ts";
