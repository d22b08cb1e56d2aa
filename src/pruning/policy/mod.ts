/** How many channels every layer keeps. */
export { AGENT_DEFAULTS, type AgentOptions, type LearningLosses } from "./auto/agent/ddpg.ts";
export type { Measurement, RecordedMeasurement } from "./auto/measurements.ts";
export { refineCounts } from "./auto/refine.ts";
export type { RewardPolicy } from "./auto/reward.ts";
export {
  bestRollouts,
  type Evaluation,
  type FailedRollout,
  keyOf,
  type Proposal,
  type Rollout,
  type RolloutSource,
} from "./auto/rollout.ts";
export {
  SEARCH_DEFAULTS,
  searchCounts,
  type SearchHooks,
  type SearchSettings,
} from "./auto/search.ts";
export type { SearchSpace } from "./auto/search_space.ts";
export type { Tried } from "./auto/trial.ts";
export { chooseCounts } from "./budget/budget.ts";
export type { BudgetProblem, BudgetUnit } from "./budget/budget_problem.ts";
export { requireReachableShare } from "./budget/reach.ts";
export {
  checkSkipped,
  type ChosenRatios,
  inputsOf,
  type LayerPlan,
  planLayers,
  type PlanRules,
  unsampledReason,
} from "./plan.ts";
export { priceErrors, probedOptions, type UnpricedUnit } from "./budget/price_errors.ts";
export { formatRatioList, parseRatioList, type Ratios, uniformRatios } from "./ratios.ts";
export { SLOW_SELECTOR } from "./slow_selectors.ts";
export { allowedCounts, ratiosOfCounts } from "./unit_counts.ts";
