/** The stages of a pruning run, and what it reports. */
export { estimateRun, type PlannedRun, type RunEstimate } from "./estimate_run.ts";
export { checkRatiosOf, type RatioOptions } from "./check_ratios.ts";
export { type ExploreForecast, forecastExploring, forecastGathering } from "./forecast.ts";
export { type EffortChoice, EFFORTS, type SettledOptions, settleEffort } from "./effort.ts";
export { heldOutImages, measureAdapted, measureNetwork } from "./measure_network.ts";
export {
  AGENT_DEFAULTS,
  type AgentOptions,
  allowedCounts,
  checkSkipped,
  type ChosenRatios,
  type Evaluation,
  type FailedRollout,
  formatRatioList,
  type LayerPlan,
  type LearningLosses,
  parseRatioList,
  planLayers,
  type PlanRules,
  type Proposal,
  ratiosOfCounts,
  type RewardPolicy,
  type Rollout,
  type RolloutSource,
  SEARCH_DEFAULTS,
  type SearchSettings,
  SLOW_SELECTOR,
} from "./policy/mod.ts";
export { PRUNE_DEFAULTS, pruneNetwork, pruneOpened, sharedModeOf } from "./prune_network.ts";
export { AUTO_DEFAULTS, type OpenExecutor } from "./ratios/auto_ratios.ts";
export { traceCurve, type TracedPoint } from "./ratios/curve.ts";
export { CURVE_SHARES } from "./ratios/floor_ratios.ts";
export { Judge } from "./judge.ts";
export { solveBudget } from "./ratios/budget_ratios.ts";
export {
  type BudgetContext,
  type BudgetSetup,
  openCountNetworks,
  priceBudget,
  readUnitErrors,
  setUpBudget,
  type UnitErrors,
} from "./ratios/set_up_budget.ts";
export { createPoolAnswerer } from "./ratios/ranking_on_threads.ts";
export { type SearchContext, TRIAL_HANDLERS, trialImages } from "./ratios/search_jobs.ts";
export type { SelectionMethod } from "./selection/mod.ts";
export { checkShards, gatherShard, type Shard } from "./statistics/gather_shard.ts";
export {
  pruneWithoutData,
  WITHOUT_DATA_DEFAULTS,
  type WithoutDataOptions,
  type WithoutDataReport,
} from "./without_data/prune_without_data.ts";
export { wantedImages } from "./statistics/sample_size.ts";
export { OriginalMoments } from "./statistics/original_moments.ts";
export {
  CALIBRATION_DEFAULTS,
  createStatisticsSource,
  identifyStatistics,
  type StatisticsSource,
} from "./statistics/statistics_source.ts";
export type {
  Effort,
  Forecast,
  GroupTuning,
  NetworkRepairOptions,
  PruneNetworkOptions,
  PruneTuning,
  RepairExtent,
} from "./prune_options.ts";
export type {
  LayerReport,
  NetworkRepairReport,
  PruneReport,
  PruneResult,
  PruneTuningReport,
} from "./prune_report.ts";
export type {
  AutoPolicy,
  BudgetGoal,
  BudgetPolicy,
  BudgetReport,
  BudgetTarget,
  CountedPredictions,
  CurvePoint,
  Finalist,
  FloorPolicy,
  FloorReport,
  Judgement,
  LoggedFailure,
  LoggedRollout,
  RatioPolicy,
  SearchLog,
  SearchReport,
} from "./types.ts";
