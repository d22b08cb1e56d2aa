/** How many channels every layer keeps. */
export * from "./budget.ts";
export type { BudgetProblem, BudgetTerm, BudgetUnit } from "./budget_problem.ts";
export { inputsOf, LARGEST_LAYER, type LayerPlan, planLayers, type PlanRules } from "./plan.ts";
export * from "./ratios.ts";
export * from "./unit_counts.ts";
