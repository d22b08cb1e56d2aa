/** A model with its data, opened on all workers. */
export * from "./evaluation.ts";
export * from "./options.ts";
export * from "./resolve_model.ts";
export * from "./session.ts";
export type { Answers, Figures, OutputFigures } from "../execution/forward/mod.ts";
export * from "./test_answers.ts";
