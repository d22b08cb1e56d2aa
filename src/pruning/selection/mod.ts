/**
 * Which channels of a space to keep, and the weights that make up for the others.
 *
 * @module
 */
export {
  type ObsOptions,
  type ObsRanking,
  type ObsSelector,
  obsSelectorOf,
  rankByElimination,
} from "./obs.ts";
export { conditionHalves, typicalRidge } from "./folds.ts";
export { type Problem, releaseProblems } from "./problem.ts";
export { createSelector } from "./ranking.ts";
export { interceptOf, reconstruct } from "./reconstruction.ts";
export type { SelectionMethod, Selector } from "./selector.ts";
export { standardize } from "./standardize.ts";
