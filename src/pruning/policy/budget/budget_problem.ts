import { type CostTerm, sumTerms } from "../../../cost/mod.ts";

/** One decision: how many channels of a unit stay. */
export interface BudgetUnit {
  /** Name of the unit, for messages. */
  readonly name: string;
  /** Counts that are allowed, ascending; the last one is the whole unit. */
  readonly counts: ArrayLike<number>;
  /** Error of each of these counts, not negative. */
  readonly errors: ArrayLike<number>;
}

/** What is to be decided, and what it costs. */
export interface BudgetProblem {
  /** The decisions. */
  readonly units: readonly BudgetUnit[];
  /** The parts of the cost; they add up. */
  readonly terms: readonly CostTerm[];
}

/** One option of every unit, by index into its counts. */
export type Options = Int32Array;

/** A choice and what becomes of it. */
export interface Choice {
  /** An option of every unit. */
  readonly options: Options;
  /** Sum of the terms. */
  readonly cost: number;
  /** Sum of the units' errors. */
  readonly error: number;
}

/** The sum of the terms. */
export function costOf({ units, terms }: BudgetProblem, options: ArrayLike<number>): number {
  return sumTerms(terms, units.map(({ counts }, unit) => counts[options[unit]]));
}

/** The sum of the units' errors. */
export function errorOf({ units }: BudgetProblem, options: ArrayLike<number>): number {
  return units.reduce((sum, { errors }, unit) => sum + errors[options[unit]], 0);
}

/** The choice with its cost and error. */
export function weigh(problem: BudgetProblem, options: Options): Choice {
  return { options, cost: costOf(problem, options), error: errorOf(problem, options) };
}

/** Every unit whole. */
export function wholeOptions({ units }: BudgetProblem): Options {
  return Int32Array.from(units, ({ counts }) => counts.length - 1);
}

/**
 * Checks that a problem can be solved.
 *
 * @param problem The problem.
 * @throws {TypeError} When counts do not ascend, an error is missing or negative, or a term names a unit twice or one
 * that does not exist.
 */
export function checkProblem({ units, terms }: BudgetProblem): void {
  for (const { name, counts, errors } of units) {
    const isAscending = Array.from(counts).every((count, i) => i === 0 || count > counts[i - 1]);
    if (counts.length === 0 || counts.length !== errors.length || !isAscending) {
      throw new TypeError(
        `choose channel counts: unit ${name} has ${counts.length} counts and ${errors.length} errors, ` +
          `wanted ascending counts and an error each`,
      );
    }
    const bad = Array.from(errors).find((error) => !(error >= 0 && error < Infinity));
    if (bad !== undefined) {
      throw new TypeError(
        `choose channel counts: unit ${name} has an error of ${bad}, wanted 0 or more`,
      );
    }
  }
  for (const { units: scope } of terms) {
    if (new Set(scope).size !== scope.length || scope.some((unit) => !(unit in units))) {
      throw new TypeError(
        `choose channel counts: a term reads units ${scope.join(", ")}, ` +
          `wanted different ones from 0 to ${units.length - 1}`,
      );
    }
  }
}
