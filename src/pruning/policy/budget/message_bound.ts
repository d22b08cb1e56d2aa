import type { CostTerm } from "../../../cost/mod.ts";
import type { BudgetProblem, BudgetUnit } from "./budget_problem.ts";
import { multilinearTerms } from "./multilinear.ts";
import { TangentPolyline } from "./tangent_polyline.ts";

/** Tangents of every unit's polyline, where costs are linear in its count. */
const TANGENTS = 48;

/** The most table entries of all pairs, where every option is looked at. */
const TABLE_LIMIT = 2e6;

/** Passes over all units for one multiplier, at most, and of those the first after which one may be the last. */
const MOST_PASSES = 100, LEAST_PASSES = 6;

/** Messages have settled when a pass raises the bound by less than this, relative. */
const LEAST_RISE = 1e-6;

/** Multipliers that are tried, at first this many powers of e to either side of errors over cost. */
const MULTIPLIERS = 28, POWERS = 9;

/**
 * A lower bound on the error within a budget, however many units are tied to each other: where layers read all that come
 * before them, as in DenseNet, no order of elimination leaves tables that have room.
 *
 * For any λ no choice within the budget has an error below
 *
 *     min over k of   Σ_u (error_u(k_u) + λ · cost_u(k_u)) + λ · Σ_uv cost_uv(k_u, k_v) − λ · budget,
 *
 * and this minimum is bounded by sequential tree-reweighted message passing (Kolmogorov 2006, "Convergent tree-reweighted
 * message passing for energy minimization", figure 4). Messages move values between units and pairs, in one order of the
 * units and back; the bound takes the least of every part by itself. It is the best that can be had in this way where
 * all ties join an input's unit with an output's, for then the minimum is a cut of least weight; and where ties form a
 * tree. The bound is concave in λ, whose best value is found by golden sections.
 *
 * Where costs are linear in each count a unit's options are the corners of a polyline below its errors, see
 * `boundByTangents`; elsewhere they are all its counts.
 *
 * @param problem The problem.
 * @param budget The budget; something costs no more, and the whole network costs more.
 * @returns The bound; undefined where a term reads more than two units, or there are too many options.
 */
export function boundByMessages(problem: BudgetProblem, budget: number): number | undefined {
  if (problem.terms.some(({ units }) => units.length > 2)) return undefined;
  const linear = multilinearTerms(problem);
  const messages = linear === undefined
    ? layOutMessages(problem.units, problem.terms)
    : layOutMessages(
      problem.units.map((unit) => new TangentPolyline(unit, TANGENTS).unit()),
      linear,
    );
  if (messages === undefined) return undefined;
  const scale = problem.units.reduce((sum, { errors }) => sum + errors[0], 0) / budget;
  const valueAt = (power: number) => messages.bound(scale * Math.exp(power), budget);
  return Math.max(0, maximize(valueAt, -POWERS, POWERS, MULTIPLIERS));
}

/** The largest value that golden sections meet of a function with one maximum. */
function maximize(
  valueAt: (at: number) => number,
  low: number,
  high: number,
  steps: number,
): number {
  const part = (Math.sqrt(5) - 1) / 2;
  const look = (at: number) => ({ at, value: valueAt(at) });
  let [first, second] = [look(high - part * (high - low)), look(low + part * (high - low))];
  let largest = Math.max(first.value, second.value);
  for (let step = 2; step < steps; step++) {
    if (first.value < second.value) {
      low = first.at;
      first = second;
      second = look(low + part * (high - low));
    } else {
      high = second.at;
      second = first;
      first = look(high - part * (high - low));
    }
    largest = Math.max(largest, first.value, second.value);
  }
  return largest;
}

/** Two units that are tied, the one that comes first in the order ahead. */
interface Tie {
  readonly units: readonly [first: number, second: number];
  /** Cost, by option of the first unit and, running faster, of the second. */
  readonly costs: Float64Array;
  /** What comes to each of the two from the other, by its options. */
  readonly messages: readonly [toFirst: Float64Array, toSecond: Float64Array];
}

function layOutMessages(
  units: readonly BudgetUnit[],
  terms: readonly CostTerm[],
): Messages | undefined {
  const sizes = units.map(({ counts }) => counts.length);
  const pairs = Map.groupBy(
    terms.filter((term) => term.units.length === 2),
    (term) => term.units.toSorted((a, b) => a - b).join(),
  );
  const scopes = [...pairs.values()].map(([term]) => term.units.toSorted((a, b) => a - b));
  const entries = scopes.reduce((sum, [first, second]) => sum + sizes[first] * sizes[second], 0);
  if (entries > TABLE_LIMIT) return undefined;
  const own = units.map(({ counts }, unit) => {
    const costs = new Float64Array(counts.length);
    for (const { cost } of terms.filter((term) => term.units.join() === `${unit}`)) {
      costs.forEach((sum, option) => costs[option] = sum + cost(counts[option]));
    }
    return costs;
  });
  const ties = [...pairs.values()].map((some, index): Tie => {
    const [first, second] = scopes[index];
    const costs = new Float64Array(sizes[first] * sizes[second]);
    for (const { units: scope, cost } of some) {
      costs.forEach((sum, entry) => {
        const [one, other] = [Math.floor(entry / sizes[second]), entry % sizes[second]];
        const pair = [units[first].counts[one], units[second].counts[other]];
        costs[entry] = sum + cost(...(scope[0] === first ? pair : pair.reverse()));
      });
    }
    const messages = [new Float64Array(sizes[first]), new Float64Array(sizes[second])] as const;
    return { units: [first, second], costs, messages };
  });
  const constants = terms.filter((term) => term.units.length === 0);
  const fixed = constants.reduce((sum, { cost }) => sum + cost(), 0);
  return new Messages(units, own, ties, fixed);
}

/** Messages between tied units; those of one multiplier are where the next begins. */
class Messages {
  readonly #units: readonly BudgetUnit[];
  /** Cost of every unit by itself, by option. */
  readonly #own: readonly Float64Array[];
  /** By unit, the ties to earlier ones and those to later ones. */
  readonly #sides: readonly (readonly [earlier: readonly Tie[], later: readonly Tie[]])[];
  readonly #fixed: number;

  constructor(
    units: readonly BudgetUnit[],
    own: readonly Float64Array[],
    ties: readonly Tie[],
    fixed: number,
  ) {
    this.#units = units;
    this.#own = own;
    this.#sides = units.map((_, unit) => [
      ties.filter((tie) => tie.units[1] === unit),
      ties.filter((tie) => tie.units[0] === unit),
    ]);
    this.#fixed = fixed;
  }

  /** A lower bound on Σ error + λ · (Σ cost − budget). */
  bound(lambda: number, budget: number): number {
    let best = -Infinity;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const found = this.#pass(lambda, pass % 2 === 0);
      const rise = found - best;
      best = Math.max(best, found);
      if (pass >= LEAST_PASSES && rise < LEAST_RISE * Math.abs(best)) break;
    }
    return best + lambda * (this.#fixed - budget);
  }

  /**
   * Sends messages from every unit to those behind it, in the order of the units or back. What is taken off a message or a
   * unit so that its least value is 0 adds up to the bound.
   */
  #pass(lambda: number, isForward: boolean): number {
    let bound = 0;
    for (let place = 0; place < this.#units.length; place++) {
      const unit = isForward ? place : this.#units.length - 1 - place;
      const values = this.#valuesOf(unit, lambda);
      bound += takeLeast(values);
      const [earlier, later] = this.#sides[unit];
      const part = 1 / Math.max(1, earlier.length, later.length);
      for (const tie of isForward ? later : earlier) {
        bound += send(tie, values, { part, lambda, isForward });
      }
    }
    return bound;
  }

  /** By option: its error, its own cost, and what comes from all units that it is tied to. */
  #valuesOf(unit: number, lambda: number): Float64Array {
    const { errors } = this.#units[unit];
    const values = this.#own[unit].map((cost, option) => errors[option] + lambda * cost);
    this.#sides[unit].forEach((ties, side) => {
      for (const { messages } of ties) {
        const message = messages[1 - side];
        for (let option = 0; option < values.length; option++) values[option] += message[option];
      }
    });
    return values;
  }
}

/** Takes the least of some values off all of them; gives it. */
function takeLeast(values: Float64Array): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  for (let option = 0; option < values.length; option++) values[option] -= least;
  return least;
}

interface Sending {
  /** The part of the sender's values that goes to this tie. */
  readonly part: number;
  readonly lambda: number;
  /** Whether the tie's first unit sends. */
  readonly isForward: boolean;
}

/** Writes what one end of a tie sends to the other; gives what was taken off it. */
function send(
  { costs, messages }: Tie,
  values: Float64Array,
  { part, lambda, isForward }: Sending,
): number {
  const [received, sent] = isForward ? messages : [messages[1], messages[0]];
  const [sentStep, ownStep] = isForward ? [1, sent.length] : [values.length, 1];
  const offers = received.map((message, option) => part * values[option] - message);
  for (let other = 0; other < sent.length; other++) {
    let least = Infinity;
    for (let option = 0, entry = other * sentStep; option < offers.length; option++) {
      const value = offers[option] + lambda * costs[entry];
      if (value < least) least = value;
      entry += ownStep;
    }
    sent[other] = least;
  }
  return takeLeast(sent);
}
