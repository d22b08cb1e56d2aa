/** Running a network step by step on the backend. */
export * from "./batch_norm.ts";
export * from "./convolution_steps.ts";
export * from "./evaluate.ts";
export * from "./forward_plan.ts";
export * from "./steps.ts";
