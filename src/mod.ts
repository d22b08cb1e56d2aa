/**
 * Secateur makes convolutional networks smaller where they are used: it takes a trained TensorFlow.js layers model and
 * some images, cuts whole channels, repairs the layers by regression and gives a smaller ordinary layers model.
 *
 * @example Halve the input channels of every convolution
 * ```ts
 * import { prune, saveModelFile } from "@secateur/secateur";
 *
 * const { file, report } = await prune({
 *   model: "resnet20/model.json",
 *   data: "cifar10",
 *   policy: { kind: "uniform", ratio: 0.5 },
 * });
 * await saveModelFile("resnet20-half", file);
 * console.log(report.accuracy, report.macs);
 * ```
 *
 * @module
 */
export {
  benchmark,
  BENCHMARK_DEFAULTS,
  type BenchmarkedLayer,
  type BenchmarkedModel,
  type BenchmarkOptions,
  type BenchmarkReport,
} from "./benchmark.ts";
export {
  calibrate,
  type CalibrateOptions,
  type CalibrateReport,
  type CalibrateResult,
  CALIBRATION_DEFAULTS,
  type Shard,
} from "./calibrate.ts";
export {
  isComplete,
  loadStatistics,
  type LoadStatisticsOptions,
  mergeStatistics,
  mergeStatisticsFiles,
  missingShards,
  saveStatistics,
  type Statistics,
  type StatisticsIdentity,
} from "./calibration/mod.ts";
export { check, CHECK_DEFAULTS, type CheckOptions, type CheckReport } from "./check.ts";
export { type LatencyOptions, measureStockLatency, type Spread, type Timing } from "./cost/mod.ts";
export { InputError, UsageError, WorkerError } from "./errors.ts";
export { openModel, readModel, refuseExistingModel, saveModel, writeModel } from "./formats/mod.ts";
export { fold, type FoldResult } from "./fold.ts";
export { evaluate, type EvaluateOptions, type EvaluationReport } from "./evaluate.ts";
export { type Judgement, type LimitName, type Limits, parseLimits, toJUnit } from "./gate/mod.ts";
export type { CutMode, SharedMode } from "./graph/mod.ts";
export {
  inspect,
  type InspectOptions,
  type InspectReport,
  type LayerDescription,
  type SpaceDescription,
} from "./inspect.ts";
export { type Moments, startBackend } from "./kernels/mod.ts";
export {
  type LayerConfig,
  type LayerJson,
  type LayersTopology,
  loadModelFile,
  type ModelFile,
  type PixelTransform,
  type Preprocessing,
  type PreprocessingOverrides,
  preprocessingPresets,
  type QuantizedType,
  refuseExisting,
  refuseExistingFile,
  saveModelFile,
  type SaveOptions,
  type Weight,
  type WeightType,
} from "./model/mod.ts";
export { prune, PRUNE_DEFAULTS } from "./prune.ts";
export type {
  AutoPolicy,
  BudgetGoal,
  BudgetPolicy,
  BudgetReport,
  BudgetTarget,
  Finalist,
  GroupTuning,
  LayerReport,
  LoggedRollout,
  PruneOptions,
  PruneReport,
  PruneResult,
  PruneTuning,
  PruneTuningReport,
  RatioPolicy,
  SearchLog,
  SearchReport,
  SelectionMethod,
} from "./pruning/mod.ts";
export { AUTO_DEFAULTS } from "./pruning/mod.ts";
export {
  AGENT_DEFAULTS,
  type AgentOptions,
  type Evaluation,
  type LearningLosses,
  type RewardPolicy,
  type Rollout,
  type RolloutSource,
  SEARCH_DEFAULTS,
  type SearchSettings,
} from "./policy/mod.ts";
export {
  finetune,
  type FinetuneOptions,
  train,
  type TrainOptions,
  type TuningOutcome,
} from "./tune.ts";
export {
  type EpochReport,
  TRAINING_DEFAULTS,
  TUNING_DEFAULTS,
  type TuningOptions,
  type TuningReport,
} from "./tuning/mod.ts";
export type {
  Augmentation,
  DatasetPlace,
  FilesInMemory,
  MemoryDataset,
  MemoryImage,
  MemorySplit,
} from "./data/mod.ts";
export type { LossOptions, OptimizerName, OptimizerOptions, Schedule } from "./train/mod.ts";
export { networkNames } from "./nets/mod.ts";
export type {
  Change,
  DataOptions,
  FigureChanges,
  OutputErrorChange,
  Progress,
  ProgressListener,
} from "./session/mod.ts";
