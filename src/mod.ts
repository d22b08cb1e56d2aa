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
} from "./api/benchmark.ts";
export {
  calibrate,
  type CalibrateOptions,
  type CalibrateReport,
  type CalibrateResult,
  CALIBRATION_DEFAULTS,
  type ShardQueue,
} from "./api/calibrate.ts";
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
} from "./execution/calibration/mod.ts";
export { check, CHECK_DEFAULTS, type CheckOptions, type CheckReport } from "./api/check/check.ts";
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
export { InputError, UsageError, WorkerError } from "./base/errors.ts";
export { openModel, readModel, refuseExistingModel, saveModel, writeModel } from "./formats/mod.ts";
export { fingerprint, type Fingerprints } from "./session/fingerprint.ts";
export { fold, type FoldResult } from "./api/fold.ts";
export { evaluate, type EvaluateOptions, type EvaluationReport } from "./api/evaluate.ts";
export {
  type Judgement,
  type LimitName,
  type Limits,
  parseLimits,
  toJUnit,
} from "./api/check/mod.ts";
export type { CutMode, SharedMode } from "./graph/mod.ts";
export {
  inspect,
  type InspectOptions,
  type InspectReport,
  type LayerDescription,
  type SpaceDescription,
} from "./api/inspect.ts";
export type { QueueOptions, ServedJob } from "./distributed/queue/mod.ts";
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
export { type Offer, paretoFront } from "./base/pareto.ts";
export { profile, type ProfileOptions } from "./api/profile_run.ts";
export { prune, PRUNE_DEFAULTS } from "./pruning/prune_network.ts";
export { openPruner, type Pruner } from "./distributed/pruner.ts";
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
} from "./pruning/policy/mod.ts";
export { describeRuntime, type Runtime } from "./api/runtime.ts";
export {
  finetune,
  type FinetuneOptions,
  train,
  type TrainOptions,
  type TuningOutcome,
} from "./api/tune.ts";
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
} from "./api/workbench/workbench.ts";
export type { WorkbenchAnswer, WorkbenchCost, WorkbenchLayer } from "./api/workbench/mod.ts";
export type {
  LossOptions,
  OptimizerName,
  OptimizerOptions,
  Schedule,
} from "./execution/training/mod.ts";
export { networkNames } from "./tuning/nets/mod.ts";
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
} from "./report/run_reports.ts";
export type {
  KnownChange,
  PruneRecord,
  RunBasics,
  RunRecord,
  RunSummary,
  TuningRecord,
} from "./report/mod.ts";
export { work, type WorkOptions, type WorkReport } from "./distributed/worker.ts";
