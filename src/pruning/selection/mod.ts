/**
 * Which channels of a space to keep, and the weights that make up for the others.
 *
 * @module
 */
export {
  buildLassoProblem,
  createLassoSelector,
  type LassoSelection,
  type LassoSelector,
} from "./lasso.ts";
export {
  type ActiveSet,
  activeSetOf,
  followLassoPath,
  type LassoKnot,
  type LassoPath,
  type LassoProblem,
} from "./lasso_path.ts";
export { createMagnitudeSelector } from "./magnitude.ts";
export { createObsSelector, type ObsOptions, type ObsSelection, type ObsSelector } from "./obs.ts";
export { findDeadChannels, type Problem, requireSamples } from "./problem.ts";
export { createSelector, type SelectorOptions } from "./ranking.ts";
export {
  interceptOf,
  reconstruct,
  type Reconstruction,
  type ReconstructionOptions,
} from "./reconstruction.ts";
export type { Selection, SelectionMethod, Selector } from "./selector.ts";
