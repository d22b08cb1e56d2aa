import type { Choice } from "./budget_problem.ts";
import type { Clique, EliminationTree } from "./elimination_tree.ts";
import { Candidates, ChoiceLog, type Frontier, NOTHING_CHOSEN } from "./frontier.ts";
import type { Lagrangian } from "./lagrangian.ts";

/** Limits of a sweep. */
export interface SweepLimits {
  /** No cost above this. */
  readonly budget: number;
  /** The Lagrangian's multiplier; it has been minimized there. */
  readonly lambda: number;
  /** Only choices with an error up to this are wanted. */
  readonly errorLimit: number;
  /** Buckets that the budget is cut into, 0 for none. */
  readonly buckets: number;
  /** The most partial choices to look at. */
  readonly points: number;
}

/** What a sweep found. */
export interface Sweep {
  /** The choice with the least error, if there is one within the limits. */
  readonly choice?: Choice;
  /** Partial choices looked at. */
  readonly points: number;
  /** Mergers at which buckets dropped undominated partial choices. */
  readonly thinned: number;
}

/** Thrown when a sweep looks at more partial choices than it may. */
class TooManyPoints extends Error {}

/** Room for rounding, relative: sums are built in different orders. */
const ROUNDING = 1e-11;

/**
 * Eliminates the units with Pareto sets: every clique gives, for each row of its table, the undominated (cost, error)
 * pairs of the units at and below it.
 *
 * A choice within the budget has Σ error + λ (Σ cost − budget) ≤ Σ error. So a partial choice goes when its Lagrangian
 * is above the error limit even with the best rest. With v and o of {@link Lagrangian}, and the excess of a partial
 * choice over the least Lagrangian below its clique, it stays while
 *
 *     Σ over children excess ≤ errorLimit + λ · budget − v − o.
 *
 * @param tree The layout.
 * @param lagrangian Its Lagrangian, minimized at `limits.lambda`.
 * @param limits Limits.
 * @returns The choice, or undefined when there would be too many partial choices.
 */
export function sweepFrontiers(
  tree: EliminationTree,
  lagrangian: Lagrangian,
  limits: SweepLimits,
): Sweep | undefined {
  const sweep = new FrontierSweep(tree, lagrangian, limits);
  try {
    return sweep.run();
  } catch (error) {
    if (error instanceof TooManyPoints) return undefined;
    throw error;
  }
}

class FrontierSweep {
  readonly #log = new ChoiceLog();
  readonly #joined: Candidates;
  readonly #united: Candidates;
  readonly #frontiers: Frontier[][] = [];
  readonly #thinned = new Set<string>();
  readonly #ceiling: number;
  #points = 0;

  constructor(
    readonly tree: EliminationTree,
    readonly lagrangian: Lagrangian,
    readonly limits: SweepLimits,
  ) {
    const { errorLimit, lambda, budget, buckets } = limits;
    const bucketing = { count: buckets, width: budget / buckets };
    this.#joined = new Candidates(bucketing);
    this.#united = new Candidates(bucketing);
    const ceiling = errorLimit + lambda * budget;
    this.#ceiling = ceiling + ROUNDING * Math.abs(ceiling);
  }

  run(): Sweep {
    const { tree } = this;
    const outsides = this.lagrangian.outsides();
    for (const [index, clique] of tree.entries()) {
      const rows = Array.from(
        { length: clique.rows },
        (_, row) => this.#eliminate(index, row, this.#ceiling - outsides[index][row]),
      );
      this.#frontiers.push(rows);
      for (const { clique: child } of clique.children) this.#frontiers[child] = [];
    }
    const [points, thinned] = [this.#points, this.#thinned.size];
    const [{ costs, errors, nodes }] = this.#frontiers[tree.length - 1];
    const last = nodes.length - 1;
    if (last < 0) return { points, thinned };
    const options = new Int32Array(tree.length - 1);
    this.#log.read(nodes[last], options);
    return { choice: { options, cost: costs[last], error: errors[last] }, points, thinned };
  }

  /** The frontier of one row of a clique: over all options, the joined frontiers of the children. */
  #eliminate(index: number, row: number, ceiling: number): Frontier {
    const { unit, width, costs, errors } = this.tree[index];
    const values = new Float64Array(width);
    this.lagrangian.weighRow(index, row, values);
    const least = this.lagrangian.messages[index][row];
    for (let option = 0; option < width; option++) {
      const slack = ceiling - values[option];
      if (slack < 0) continue;
      const entry = row * width + option;
      const below = this.#joinChildren(index, this.tree[index], entry, slack);
      for (let point = 0; point < below.nodes.length; point++) {
        if (below.excesses[point] > slack) continue;
        const cost = below.costs[point] + costs[entry];
        if (cost > this.limits.budget) break;
        const error = below.errors[point] + errors[option];
        const excess = below.excesses[point] + values[option] - least;
        this.#count();
        this.#united.push(cost, error, excess, option, below.nodes[point]);
      }
    }
    const enter = (option: number, rest: number) =>
      unit === undefined ? rest : this.#log.choose(unit, option, rest);
    return this.#drain(this.#united, enter, `${index}`);
  }

  #joinChildren(index: number, { children }: Clique, entry: number, slack: number): Frontier {
    let joined = NOTHING_CHOSEN;
    for (const [place, { clique, rowOf }] of children.entries()) {
      const part = this.#frontiers[clique][rowOf[entry]];
      joined = joined === NOTHING_CHOSEN
        ? part
        : this.#join(joined, part, slack, `${index} ${place}`);
    }
    return joined;
  }

  #join(first: Frontier, second: Frontier, slack: number, merger: string): Frontier {
    const byExcess = Int32Array.from(second.excesses.keys())
      .sort((a, b) => second.excesses[a] - second.excesses[b]);
    for (let i = 0; i < first.nodes.length; i++) {
      for (const j of byExcess) {
        const excess = first.excesses[i] + second.excesses[j];
        if (excess > slack) break;
        const cost = first.costs[i] + second.costs[j];
        if (cost > this.limits.budget) continue;
        const error = first.errors[i] + second.errors[j];
        this.#count();
        this.#joined.push(cost, error, excess, first.nodes[i], second.nodes[j]);
      }
    }
    return this.#drain(this.#joined, (a, b) => this.#log.join(a, b), merger);
  }

  #drain(
    candidates: Candidates,
    enter: (first: number, second: number) => number,
    merger: string,
  ): Frontier {
    const { frontier, isThinned } = candidates.drain(enter);
    if (isThinned) this.#thinned.add(merger);
    return frontier;
  }

  #count(): void {
    if (++this.#points > this.limits.points) throw new TooManyPoints();
  }
}
