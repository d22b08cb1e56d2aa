/** Running a network step by step on the backend. */
export * from "./batch_norm.ts";
export * from "./classification.ts";
export * from "./convolution_steps.ts";
export * from "./forward_plan.ts";
export * from "./objective.ts";
export * from "./open_objective.ts";
export * from "./output_error.ts";
export * from "./steps.ts";
