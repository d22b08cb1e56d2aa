/** The stages of a pruning run, and what it reports. */
export * from "./auto_ratios.ts";
export * from "./budget_ratios.ts";
export * from "./count_networks.ts";
export * from "./original_moments.ts";
export * from "./pose_budget.ts";
export * from "./problems.ts";
export * from "./refresh_batch_norm.ts";
export * from "./repair.ts";
export * from "./repair_in_groups.ts";
export * from "./repair_state.ts";
export * from "./report.ts";
export * from "./search_journal.ts";
export * from "./statistics_source.ts";
export * from "./stopwatch.ts";
export * from "./tune_group.ts";
export * from "./tuner.ts";
export * from "./types.ts";
