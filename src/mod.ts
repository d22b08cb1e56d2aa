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
  type ShardQueue,
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
export {
  type LatencyConditions,
  type LatencyOptions,
  type LayerProfile,
  measureStockLatency,
  type NetworkProfile,
  type RunProfile,
  type Spread,
  type Timing,
} from "./cost/mod.ts";
export { InputError, UsageError, WorkerError } from "./errors.ts";
export { openModel, readModel, refuseExistingModel, saveModel, writeModel } from "./formats/mod.ts";
export { fingerprint, type Fingerprints } from "./fingerprint.ts";
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
export type { QueueOptions, ServedJob } from "./jobs/mod.ts";
export { type Moments, startBackend } from "./kernels/mod.ts";
export {
  type ExtraFiles,
  type InputOverrides,
  type InputPreparation,
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
  writeWholeFile,
} from "./model/mod.ts";
export { type Offer, paretoFront } from "./pareto.ts";
export { profile, type ProfileOptions } from "./profile.ts";
export { prune, PRUNE_DEFAULTS } from "./prune.ts";
export { openPruner, type Pruner } from "./pruner.ts";
export type {
  AutoPolicy,
  BudgetGoal,
  BudgetPolicy,
  BudgetReport,
  BudgetTarget,
  Finalist,
  GroupTuning,
  LayerReport,
  LoggedFailure,
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
export { AUTO_DEFAULTS, type Shard } from "./pruning/mod.ts";
export {
  AGENT_DEFAULTS,
  type AgentOptions,
  type Evaluation,
  type FailedRollout,
  type LearningLosses,
  type Proposal,
  type RewardPolicy,
  type Rollout,
  type RolloutSource,
  SEARCH_DEFAULTS,
  type SearchSettings,
} from "./policy/mod.ts";
export { describeRuntime, type Runtime } from "./runtime.ts";
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
export {
  Workbench,
  WORKBENCH_DEFAULTS,
  type WorkbenchEvaluation,
  type WorkbenchOptions,
  type WorkbenchRun,
} from "./workbench.ts";
export type { WorkbenchAnswer, WorkbenchCost, WorkbenchLayer } from "./workbench/mod.ts";
export type { LossOptions, OptimizerName, OptimizerOptions, Schedule } from "./train/mod.ts";
export { networkNames } from "./nets/mod.ts";
export type {
  Answers,
  Change,
  ChangedAnswer,
  DataOptions,
  FigureChanges,
  Figures,
  GivenAnswer,
  OutputErrorChange,
  OutputFigures,
  Progress,
  ProgressListener,
  TestAnswers,
} from "./session/mod.ts";
export {
  readRuns,
  type RecordedFields,
  recordRun,
  renderComparison,
  renderReport,
  type RunFields,
} from "./report.ts";
export type {
  KnownChange,
  PruneRecord,
  RunBasics,
  RunRecord,
  RunSummary,
  TuningRecord,
} from "./report/mod.ts";
export { work, type WorkOptions, type WorkReport } from "./work.ts";
