import type { Kernels } from "../../kernels/mod.ts";
import { createLassoSelector, type LassoSelector } from "./lasso.ts";
import { createMagnitudeSelector } from "./magnitude.ts";
import { createObsSelector, type ObsOptions, type ObsSelector } from "./obs.ts";
import type { Problem } from "./problem.ts";
import type { SelectionMethod, Selector } from "./selector.ts";

/** Settings of {@link createSelector}. */
export type SelectorOptions = ObsOptions;

/** The selector of the Lasso. */
export function createSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  method: "lasso",
  options?: SelectorOptions,
): LassoSelector;
/** The selector of elimination. */
export function createSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  method: "obs",
  options?: SelectorOptions,
): ObsSelector;
/**
 * Ranks the channels of one space by a method.
 *
 * @param kernels The kernels.
 * @param problems Every consumer of the space that takes part; several are decided jointly.
 * @param method How.
 * @param options Settings; the ridge is used by `obs` alone, the guards by all.
 * @returns A selector that answers for every count.
 * @throws {TypeError} When the problems do not describe one space.
 */
export function createSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  method: SelectionMethod,
  options?: SelectorOptions,
): Selector;
export function createSelector(
  kernels: Kernels,
  problems: readonly Problem[],
  method: SelectionMethod,
  options: SelectorOptions = {},
): Selector {
  switch (method) {
    case "lasso":
      return createLassoSelector(kernels, problems, options.guards);
    case "obs":
      return createObsSelector(kernels, problems, options);
    case "magnitude":
      return createMagnitudeSelector(problems, options.guards);
  }
}
