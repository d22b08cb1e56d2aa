/** The stages of a pruning run, and what it reports. */
export { heldOutImages, measureAdapted, measureNetwork } from "./measure_network.ts";
export {
  AGENT_DEFAULTS,
  type AgentOptions,
  allowedCounts,
  bestRollouts,
  type BudgetProblem,
  type BudgetSolution,
  type BudgetTerm,
  type BudgetUnit,
  chooseCounts,
  type Evaluation,
  type FailedRollout,
  keptCount,
  type LayerPlan,
  type LearningLosses,
  oneByOne,
  parseRatioList,
  planLayers,
  type PlanRules,
  priceErrors,
  type Proposal,
  type Ratios,
  ratiosOfCounts,
  type RecordedMeasurement,
  refineCounts,
  type RefineOptions,
  type RewardPolicy,
  type Rollout,
  type RolloutSource,
  SEARCH_DEFAULTS,
  searchCounts,
  type SearchHooks,
  type SearchOptions,
  type SearchSettings,
  type SearchSpace,
  uniformRatios,
  type UnpricedUnit,
} from "./policy/mod.ts";
export { prune, PRUNE_DEFAULTS, pruneOpened } from "./prune_network.ts";
export { AUTO_DEFAULTS } from "./ratios/auto_ratios.ts";
export { solveBudget } from "./ratios/budget_ratios.ts";
export { CountNetworks, readersOf } from "./ratios/count_networks.ts";
export {
  type BudgetContext,
  openCountNetworks,
  type PosedBudget,
  priceBudget,
  type WeighedUnits,
  weighUnits,
} from "./ratios/pose_budget.ts";
export { type SearchContext, TRIAL_HANDLERS, trialImages } from "./ratios/search_jobs.ts";
export { SearchJournal } from "./ratios/search_journal.ts";
export type { Repair } from "./repair/repair.ts";
export { groupOptions, partIntoGroups, tuneGroup } from "./repair/tune_group.ts";
export {
  activeSetOf,
  buildLassoProblem,
  createLassoSelector,
  createMagnitudeSelector,
  createObsSelector,
  createSelector,
  followLassoPath,
  interceptOf,
  type LassoKnot,
  type LassoPath,
  type LassoProblem,
  type Problem,
  reconstruct,
  type SelectionMethod,
} from "./selection/mod.ts";
export { checkShards, gatherShard, type Shard } from "./statistics/gather_shard.ts";
export { OriginalMoments } from "./statistics/original_moments.ts";
export {
  createStatisticsSource,
  identifyStatistics,
  type StatisticsSource,
} from "./statistics/statistics_source.ts";
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
} from "./types.ts";
