export {
  type ChangeRequest,
  ChangeWeigher,
  type LayerChange,
  type LossMeaning,
} from "./backward/change_weigher.ts";
export { Calibrator, IMAGES_TOGETHER } from "./calibration/calibrator.ts";
export { KeptTargets } from "./calibration/kept_targets.ts";
export { MergedStatistics } from "./calibration/merged_statistics.ts";
export {
  type MomentsToWrite,
  StatisticsFile,
  type StatisticsHead,
  writeStatistics,
} from "./calibration/packed_statistics.ts";
export { keptSamples, sumBytes } from "./calibration/sample_sums.ts";
export { pointsFor } from "./calibration/sampling.ts";
export { outputSizeOf } from "./calibration/sampled_images.ts";
export {
  isComplete,
  mergeStatistics,
  missingShards,
  type Statistics,
  STATISTICS_VERSION,
  type StatisticsIdentity,
} from "./calibration/statistics.ts";
export {
  loadStatistics,
  type LoadStatisticsOptions,
  mergeStatisticsFiles,
  mergeStatisticsInto,
  saveStatistics,
  unpackStatistics,
} from "./calibration/statistics_file.ts";
export {
  addChannelMoments,
  type ChannelMoments,
  followBatchNorm,
  measureBatchNorm,
  withBatchNormMoments,
} from "./forward/batch_norm.ts";
export { givesProbabilities } from "./forward/classification.ts";
export { heldWeightBytes } from "./forward/kernel_matrix.ts";
export { ForwardPlan } from "./forward/forward_plan.ts";
export { measureVariants } from "./forward/measure_variants.ts";
export type {
  Answers,
  Figures,
  ImageBatch,
  Objective,
  OutputFigures,
} from "./forward/objective.ts";
export {
  type EvaluationSums,
  type ObjectiveSpec,
  openObjective,
} from "./forward/open_objective.ts";
export type { LossOptions } from "./training/loss.ts";
export { Optimizer, type OptimizerName, type OptimizerOptions } from "./training/optimizer.ts";
export {
  layOutParameters,
  packParameters,
  type ParameterLayout,
  unpackParameters,
} from "./training/parameters.ts";
export { learningRateAt, type Schedule } from "./training/schedule.ts";
export {
  addStepSums,
  createLoss,
  type LossSpec,
  type StepSums,
  type TrainingLoss,
} from "./training/training_loss.ts";
export { TrainingNetwork } from "./training/training_network.ts";
