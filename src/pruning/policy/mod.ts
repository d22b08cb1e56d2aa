/** How many channels every layer keeps. */
export { AGENT_DEFAULTS, type AgentOptions, type LearningLosses } from "./auto/agent/ddpg.ts";
export {
  type Measurement,
  type MeasuringFailure,
  type MeasuringHooks,
  oneByOne,
  type RecordedMeasurement,
} from "./auto/measurements.ts";
export { refineCounts, type RefineOptions } from "./auto/refine.ts";
export { rewardOf, type RewardPolicy } from "./auto/reward.ts";
export {
  bestRollouts,
  type Evaluation,
  type FailedRollout,
  type Proposal,
  type Rollout,
  type RolloutSource,
} from "./auto/rollout.ts";
export {
  SEARCH_DEFAULTS,
  searchCounts,
  type SearchHooks,
  type SearchOptions,
  type SearchResult,
  type SearchSettings,
} from "./auto/search.ts";
export type { SearchSpace, SearchUnit, UnitFeatures } from "./auto/search_space.ts";
export type { Tried } from "./auto/trial.ts";
export { type BudgetOptions, type BudgetSolution, chooseCounts } from "./budget/budget.ts";
export type { BudgetProblem, BudgetTerm, BudgetUnit } from "./budget/budget_problem.ts";
export { inputsOf, LARGEST_LAYER, type LayerPlan, planLayers, type PlanRules } from "./plan.ts";
export { priceErrors, type UnpricedUnit } from "./budget/price_errors.ts";
export { keptCount, parseRatioList, type Ratios, uniformRatios } from "./ratios.ts";
export { allowedCounts, ratiosOfCounts } from "./unit_counts.ts";
