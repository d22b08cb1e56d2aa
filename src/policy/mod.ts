/** How many channels every layer keeps. */
export * from "./budget.ts";
export type { BudgetProblem, BudgetTerm, BudgetUnit } from "./budget_problem.ts";
export * from "./plan.ts";
export * from "./ratios.ts";
