import type { CostTerm } from "../../../cost/mod.ts";
import type { BudgetProblem } from "../budget/budget_problem.ts";

/** What the agent sees of a unit's layer; of several layers, what the caller thinks stands for them. */
export interface UnitFeatures {
  /** Filters: n. */
  readonly filters: number;
  /** Height of the input: H. */
  readonly height: number;
  /** Width of the input: W. */
  readonly width: number;
  /** Stride. */
  readonly stride: number;
  /** Multiply–accumulates while the network is whole. */
  readonly macs: number;
}

/** One decision: how many channels of a unit stay. */
export interface SearchUnit {
  /** Name of the unit, for messages. */
  readonly name: string;
  /** Counts that are allowed, ascending; the last one is the whole unit. */
  readonly counts: ArrayLike<number>;
  /** What the agent sees of it. */
  readonly features: UnitFeatures;
}

/** What is searched: the decisions, in the order in which they are made, and what they cost. */
export interface SearchSpace {
  /** The decisions. */
  readonly units: readonly SearchUnit[];
  /** The parts of the cost; they add up. */
  readonly terms: readonly CostTerm[];
}

/**
 * The space as a budget problem in which nothing is an error.
 *
 * @param space The space.
 * @returns The problem.
 */
export function problemOf({ units, terms }: SearchSpace): BudgetProblem {
  return {
    units: units.map(({ name, counts }) => ({
      name,
      counts,
      errors: new Float64Array(counts.length),
    })),
    terms,
  };
}

/** All channels of a unit. */
export function channelsOf({ counts }: SearchUnit): number {
  return counts[counts.length - 1];
}

/**
 * Finds the allowed count nearest to a wanted one; of two as near, the larger.
 *
 * @param unit The unit.
 * @param wanted The wanted count, any number.
 * @returns Its index.
 */
export function nearestOption({ counts }: SearchUnit, wanted: number): number {
  let option = 0;
  while (option + 1 < counts.length && wanted >= (counts[option] + counts[option + 1]) / 2) {
    option++;
  }
  return option;
}
