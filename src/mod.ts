/**
 * Secateur makes convolutional networks smaller where they are used: it takes a trained TensorFlow.js layers model and
 * some images, cuts whole channels, repairs the layers by regression and gives a smaller ordinary layers model.
 *
 * @example Halve the input channels of every convolution
 * ```ts
 * import { prune, saveModelFile } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const { file, report } = await prune({
 *   model: "cli/example/resnet8-fashion-mnist",
 *   data: "cli/example/fashion-mnist",
 *   policy: { kind: "uniform", ratio: 0.5 },
 *   batches: 8,
 * });
 * const { accuracy, macs } = report;
 * assert.ok(macs.after < 0.6 * macs.before);
 * assert.ok(accuracy!.after > accuracy!.before - 0.06);
 *
 * const folder = await Deno.makeTempDir();
 * await saveModelFile(`${folder}/resnet8-half`, file);
 * await Deno.remove(folder, { recursive: true });
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
  calibrateToFile,
  type CalibrateToFileResult,
  type ShardQueue,
} from "./api/calibrate.ts";
export {
  AGENT_DEFAULTS,
  type AgentOptions,
  AUTO_DEFAULTS,
  type AutoPolicy,
  type BudgetGoal,
  type BudgetPolicy,
  type BudgetReport,
  type BudgetTarget,
  CALIBRATION_DEFAULTS,
  type CountedPredictions,
  type CurvePoint,
  type Effort,
  type EffortChoice,
  EFFORTS,
  type Evaluation,
  type ExploreForecast,
  type FailedRollout,
  type Finalist,
  type FloorPolicy,
  type FloorReport,
  type Forecast,
  type GroupTuning,
  type Judgement,
  type LayerReport,
  type LearningLosses,
  type LoggedFailure,
  type LoggedRollout,
  type NetworkRepairOptions,
  type NetworkRepairReport,
  type PlannedRun,
  type Proposal,
  PRUNE_DEFAULTS,
  type PruneNetworkOptions,
  type PruneReport,
  type PruneResult,
  type PruneTuning,
  type PruneTuningReport,
  pruneWithoutData,
  type RatioOptions,
  type RatioPolicy,
  type RepairExtent,
  type RewardPolicy,
  type Rollout,
  type RolloutSource,
  type RunEstimate,
  SEARCH_DEFAULTS,
  type SearchLog,
  type SearchReport,
  type SearchSettings,
  type SelectionMethod,
  type SettledOptions,
  settleEffort,
  type Shard,
  SLOW_SELECTOR,
  WITHOUT_DATA_DEFAULTS,
  type WithoutDataOptions,
  type WithoutDataReport,
} from "./pruning/mod.ts";
export { check, CHECK_DEFAULTS, type CheckOptions, type CheckReport } from "./api/check/check.ts";
export { describeRuntime, type Runtime } from "./api/runtime.ts";
export { evaluate, type EvaluateOptions, type EvaluationReport } from "./api/evaluate.ts";
export {
  finetune,
  type FinetuneOptions,
  train,
  type TrainOptions,
  type TuningOutcome,
} from "./api/tune.ts";
export {
  explore,
  EXPLORE_DEFAULTS,
  type ExploreOptions,
  type ExploreReport,
} from "./api/explore.ts";
export { fold, type FoldResult } from "./api/fold.ts";
export { checkRatios, type CheckRatiosOptions } from "./api/check_ratios.ts";
export {
  inspect,
  type InspectOptions,
  type InspectReport,
  type LayerDescription,
} from "./api/inspect.ts";
export { type LimitName, type Limits, parseLimits } from "./api/check/limits.ts";
export type { LimitResult } from "./api/check/compare_to_limits.ts";
export { profile, type ProfileOptions } from "./api/profile_run.ts";
export { toJUnit } from "./api/check/junit.ts";
export {
  Workbench,
  WORKBENCH_DEFAULTS,
  type WorkbenchEvaluation,
  type WorkbenchOptions,
  type WorkbenchRun,
} from "./api/workbench/workbench.ts";
export type { WorkbenchAnswer, WorkbenchCost, WorkbenchLayer } from "./api/workbench/decisions.ts";
export {
  type Answers,
  type Figures,
  isComplete,
  loadStatistics,
  type LoadStatisticsOptions,
  type LossOptions,
  mergeStatistics,
  mergeStatisticsFiles,
  mergeStatisticsInto,
  missingShards,
  type OptimizerName,
  type OptimizerOptions,
  type OutputFigures,
  saveStatistics,
  type Schedule,
  type Statistics,
  type StatisticsIdentity,
} from "./execution/mod.ts";
export { BROWSER_RUNTIMES, type RuntimeName, RUNTIMES } from "./runtimes/mod.ts";
export {
  type LatencyConditions,
  type LatencyOptions,
  type LayerProfile,
  measureLatencyOn,
  type NetworkProfile,
  type RunProfile,
  type Spread,
  type Timing,
} from "./cost/mod.ts";
export {
  AdvisingError,
  type FileContent,
  fileError,
  InputError,
  LIBRARY_WORDS,
  type Message,
  type Notice,
  type OptionMention,
  type OptionName,
  type OptionWords,
  paretoFront,
  type ParetoPoint,
  parseJson,
  refuseExistingFile,
  UsageError,
  WorkerError,
  writeMessage,
  writeWholeFile,
  writeWholeFiles,
} from "./base/mod.ts";
export {
  type ExtraFiles,
  type FileOptions,
  type FolderFormat,
  folderFormatOf,
  loadModelFile,
  nameOfFiles,
  openModel,
  readModel,
  refuseExisting,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
  saveModelFile,
  type SaveModelOptions,
  type SaveOptions,
  type StoredType,
  writeModel,
} from "./formats/mod.ts";
export {
  type Change,
  type ChangedAnswer,
  type CountedFor,
  type DataOptions,
  type FigureChanges,
  fingerprint,
  type FingerprintOptions,
  type Fingerprints,
  type GivenAnswer,
  type OutputErrorChange,
  type PassForecast,
  type Progress,
  type ProgressListener,
  type SizedInput,
  type TestAnswers,
} from "./session/mod.ts";
export type { ChannelSpace as SpaceDescription, CutMode, SharedMode } from "./graph/mod.ts";
export {
  openPruner,
  type Pruner,
  type QueueOptions,
  runWorker,
  type ServedJob,
  type WorkerOptions,
  type WorkerReport,
} from "./distributed/mod.ts";
export { type Moments, type Samples, startBackend } from "./kernels/mod.ts";
export {
  type FileTail,
  type FrameForm,
  type FrameFormat,
  type FrameInput,
  type FrameOutput,
  type GraphTail,
  type GraphTailNode,
  type InputOverrides,
  type InputPreparation,
  type JsonObject,
  type LayerConfig,
  type LayerJson,
  type LayersTopology,
  type ModelFile,
  type ModelFrame,
  type ModelTail,
  noteOnTail,
  parseClassNames,
  type PixelTransform,
  type Preprocessing,
  type PreprocessingOverrides,
  preprocessingPresets,
  type QuantizedType,
  type TailInput,
  type TailNode,
  type Weight,
  type WeightType,
} from "./model/mod.ts";
export { prune, type PruneOptions } from "./api/prune.ts";
export {
  type EpochReport,
  networkNames,
  TRAINING_DEFAULTS,
  TUNING_DEFAULTS,
  type TuningForecast,
  type TuningOptions,
  type TuningReport,
  type ValidationFigures,
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
  type DrawnCurve,
  type DrawnPoint,
  type KnownChange,
  type PruneRecord,
  readRuns,
  type RecordedFields,
  recordRun,
  renderComparison,
  renderCurve,
  renderReport,
  type RunBasics,
  type RunFields,
  type RunRecord,
  type RunSummary,
  type TuningRecord,
} from "./report/mod.ts";
