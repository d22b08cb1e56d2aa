import { sumTerms } from "../../../cost/mod.ts";
import { checkProblem } from "../budget/budget_problem.ts";
import { type Budget, budgetOf } from "../budget/reach.ts";
import { findLowerBounds } from "./lower_bounds.ts";
import { channelsOf, nearestOption, problemOf, type SearchSpace } from "./search_space.ts";

/** What a walk has to keep to. */
export interface EnvironmentOptions {
  /** Share of the whole cost to keep, in (0, 1]. */
  readonly share: number;
  /** Whether every walk meets it. */
  readonly isBounded: boolean;
  /** Counts that the bounds must not shut out. */
  readonly start?: ArrayLike<number>;
}

/** The decisions of a roll-out. */
export interface Walk {
  /** Channels that every unit keeps. */
  readonly counts: readonly number[];
  /** The sum of the terms. */
  readonly cost: number;
  /** The states, one behind the other. */
  readonly states: Float64Array;
  /** What was done in each, as lowered and rounded, in [0, 1]. */
  readonly actions: Float64Array;
}

/** Numbers that describe a state: see {@link Environment}. */
export const STATE_SIZE = 9;

/**
 * The network as the agent meets it (He et al. 2018, AMC, arXiv 1802.03494, section 3): unit by unit it is asked how much
 * to keep. Units that the bounds leave no choice are passed over.
 *
 * An action a in [0, 1] stands for the ratio lower + a · (1 − lower), lower from {@link findLowerBounds}; the wanted count
 * is the allowed one nearest to ratio · channels. Where walks are bounded it is lowered until the units decided so far,
 * this one, and all later ones at their lower bounds meet the budget. The lower bounds do so together, hence every
 * decision leaves a next one that can be met, whether costs grow with counts or not.
 *
 * A state is, each over its maximum over all units:
 *
 *     0 unit   1 filters   2 channels   3 height   4 width   5 stride   6 MACs
 *     7 cost that the later units could still remove, as a share of the whole   8 the action before, 1 at first
 */
export class Environment {
  /** Cost of the whole network, and what of it may be spent. */
  readonly budget: Budget;
  /** Units that there is something to decide about. */
  readonly decided: readonly number[];
  /** Whether every walk meets the budget. */
  readonly isBounded: boolean;
  readonly #space: SearchSpace;
  readonly #limit: number;
  readonly #lowest: Int32Array;
  readonly #traits: readonly (readonly number[])[];

  /**
   * @param space What is decided.
   * @param options What walks have to keep to.
   * @throws {InputError} When walks are bounded and the budget cannot be reached.
   * @throws {TypeError} When the space makes no sense.
   */
  constructor(space: SearchSpace, { share, isBounded, start }: EnvironmentOptions) {
    const problem = problemOf(space);
    checkProblem(problem);
    this.#space = space;
    this.isBounded = isBounded;
    this.budget = budgetOf(problem, share);
    this.#limit = isBounded ? this.budget.budget : Infinity;
    const budget = isBounded ? this.budget : undefined;
    this.#lowest = findLowerBounds(space, { share, budget, start });
    this.decided = [...space.units.keys()].filter((unit) =>
      this.#lowest[unit] < space.units[unit].counts.length - 1
    );
    this.#traits = describeUnits(space);
  }

  /**
   * Decides about unit after unit.
   *
   * @param act Gives the action for a state; the state is a view that must not be kept.
   * @returns What was decided.
   */
  walk(act: (state: Float64Array, unit: number) => number): Walk {
    return this.#decide((unit, state, counts) => {
      const { counts: allowed } = this.#space.units[unit];
      let option = this.#optionOf(unit, act(state, unit));
      for (; option > this.#lowest[unit]; option--) {
        counts[unit] = allowed[option];
        if (sumTerms(this.#space.terms, counts) <= this.#limit) break;
      }
      return allowed[option];
    });
  }

  /**
   * Decides as it was decided before.
   *
   * @param counts Channels that every unit keeps.
   * @returns The states and actions that lead there.
   * @throws {TypeError} When the counts are not allowed or cost too much.
   */
  retrace(counts: ArrayLike<number>): Walk {
    const { units, terms } = this.#space;
    const wrong = units.findIndex((unit, index) =>
      !Array.from(unit.counts).includes(counts[index])
    );
    const cost = counts.length === units.length && wrong < 0 ? sumTerms(terms, counts) : NaN;
    if (!(cost <= this.#limit)) {
      throw new TypeError(
        `retrace counts: found ${Array.from(counts).join(", ")} at a cost of ${cost}, ` +
          `wanted an allowed count for each of ${units.length} units and a cost of ${this.#limit} at most`,
      );
    }
    const given = Array.from(counts);
    return { ...this.#decide((unit) => given[unit]), counts: given, cost };
  }

  /**
   * The cost of actions, were none of them lowered.
   *
   * @param actions An action for every unit that is decided.
   * @returns The sum of the terms.
   */
  costOf(actions: ArrayLike<number>): number {
    const counts = this.#space.units.map((_, unit) => this.#lowestCount(unit));
    for (const [index, unit] of this.decided.entries()) {
      counts[unit] = this.#space.units[unit].counts[this.#optionOf(unit, actions[index])];
    }
    return sumTerms(this.#space.terms, counts);
  }

  /** The least share of its channels that a unit keeps. */
  lowerRatio(unit: number): number {
    return this.#lowestCount(unit) / channelsOf(this.#space.units[unit]);
  }

  /** The option nearest to lower + action · (1 − lower). */
  #optionOf(unit: number, action: number): number {
    const lower = this.lowerRatio(unit);
    const wanted = (lower + action * (1 - lower)) * channelsOf(this.#space.units[unit]);
    return nearestOption(this.#space.units[unit], wanted);
  }

  /** The action that stands for a count; 0 for one below the lower bound. */
  #actionOf(unit: number, count: number): number {
    const lower = this.lowerRatio(unit);
    const ratio = count / channelsOf(this.#space.units[unit]);
    return Math.max(0, (ratio - lower) / (1 - lower));
  }

  #lowestCount(unit: number): number {
    return this.#space.units[unit].counts[this.#lowest[unit]];
  }

  #decide(choose: (unit: number, state: Float64Array, counts: number[]) => number): Walk {
    const { units, terms } = this.#space;
    const counts = units.map((_, unit) => this.#lowestCount(unit));
    const states = new Float64Array(this.decided.length * STATE_SIZE);
    const actions = new Float64Array(this.decided.length);
    for (const [index, unit] of this.decided.entries()) {
      const state = states.subarray(index * STATE_SIZE, (index + 1) * STATE_SIZE);
      state.set(this.#traits[unit]);
      state[7] = this.#removableAfter(unit, counts);
      state[8] = index === 0 ? 1 : actions[index - 1];
      counts[unit] = choose(unit, state, counts);
      actions[index] = this.#actionOf(unit, counts[unit]);
    }
    return { counts, cost: sumTerms(terms, counts), states, actions };
  }

  /** What the units after this one can still remove, all of it before they are decided, as a share of the whole. */
  #removableAfter(unit: number, counts: readonly number[]): number {
    const { units, terms } = this.#space;
    const whole = counts.map((count, other) => other > unit ? channelsOf(units[other]) : count);
    return (sumTerms(terms, whole) - sumTerms(terms, counts)) / this.budget.whole;
  }
}

/** What does not change: the first seven numbers of a state. */
function describeUnits({ units }: SearchSpace): number[][] {
  const columns = [
    units.map((_, index) => index),
    units.map(({ features }) => features.filters),
    units.map(channelsOf),
    units.map(({ features }) => features.height),
    units.map(({ features }) => features.width),
    units.map(({ features }) => features.stride),
    units.map(({ features }) => features.macs),
  ].map((column) => {
    const most = Math.max(...column, 0);
    return column.map((value) => most > 0 ? value / most : 0);
  });
  return units.map((_, index) => columns.map((column) => column[index]));
}
