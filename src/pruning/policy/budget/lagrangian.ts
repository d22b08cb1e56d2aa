import type { Choice } from "./budget_problem.ts";
import type { EliminationTree } from "./elimination_tree.ts";

/**
 * Minimizes the Lagrangian Σ error + λ · Σ cost by min-sum elimination, and keeps the message of every clique to its parent.
 *
 * With m_i(row) the message of clique i, entry (row, option) of a clique is worth
 *
 *     v = λ · cost + error + Σ over children m_child,      m(row) = min over options v.
 */
export class Lagrangian {
  readonly #tree: EliminationTree;
  /** The message of every clique, by row. */
  readonly messages: readonly Float64Array[];
  readonly #best: readonly Int32Array[];
  #lambda = 0;
  #errorWeight = 1;
  #outsides: Float64Array[] | undefined;

  constructor(tree: EliminationTree) {
    this.#tree = tree;
    this.messages = tree.map(({ rows }) => new Float64Array(rows));
    this.#best = tree.map(({ rows }) => new Int32Array(rows));
  }

  /**
   * Finds the choice with the least Σ error + λ · Σ cost.
   *
   * @param lambda λ.
   * @param errorWeight 0 to minimize λ · Σ cost alone.
   * @returns The choice.
   */
  minimize(lambda: number, errorWeight = 1): Choice {
    this.#lambda = lambda;
    this.#errorWeight = errorWeight;
    this.#outsides = undefined;
    this.#tree.forEach((clique, index) => {
      const [message, best] = [this.messages[index], this.#best[index]];
      const values = new Float64Array(clique.width);
      for (let row = 0; row < clique.rows; row++) {
        this.weighRow(index, row, values);
        let option = 0;
        for (let other = 1; other < values.length; other++) {
          if (values[other] < values[option]) option = other;
        }
        message[row] = values[option];
        best[row] = option;
      }
    });
    return this.#readChoice();
  }

  /** Writes v of every option in a row of a clique. */
  weighRow(index: number, row: number, values: Float64Array): void {
    const { width, costs, errors, children } = this.#tree[index];
    const start = row * width;
    for (let option = 0; option < width; option++) {
      values[option] = this.#lambda * costs[start + option] + this.#errorWeight * errors[option];
    }
    for (const { clique, rowOf } of children) {
      const message = this.messages[clique];
      for (let option = 0; option < width; option++) {
        values[option] += message[rowOf[start + option]];
      }
    }
  }

  /**
   * What the rest of the network is worth at best, outside of every clique and its descendants:
   *
   *     o_child(row) = min over entries of the parent with that row: v + o_parent − m_child.
   *
   * @returns For every clique, by row.
   */
  outsides(): readonly Float64Array[] {
    return this.#outsides ??= this.#weighOutsides();
  }

  #weighOutsides(): Float64Array[] {
    const outsides = this.#tree.map(({ rows }) => new Float64Array(rows).fill(Infinity));
    outsides[this.#tree.length - 1].fill(0);
    for (let index = this.#tree.length - 1; index >= 0; index--) {
      const { rows, width, children } = this.#tree[index];
      const values = new Float64Array(width);
      for (let row = 0; row < rows; row++) {
        this.weighRow(index, row, values);
        for (const { clique, rowOf } of children) {
          const [outside, message] = [outsides[clique], this.messages[clique]];
          for (let option = 0; option < width; option++) {
            const childRow = rowOf[row * width + option];
            const value = values[option] + outsides[index][row] - message[childRow];
            if (value < outside[childRow]) outside[childRow] = value;
          }
        }
      }
    }
    return outsides;
  }

  #readChoice(): Choice {
    const tree = this.#tree;
    const options = new Int32Array(tree.length - 1);
    const rowsOf = new Int32Array(tree.length);
    let [cost, error] = [0, 0];
    for (let index = tree.length - 1; index >= 0; index--) {
      const { unit, width, costs, errors, children } = tree[index];
      const option = this.#best[index][rowsOf[index]];
      const entry = rowsOf[index] * width + option;
      if (unit !== undefined) options[unit] = option;
      cost += costs[entry];
      error += errors[option];
      for (const { clique, rowOf } of children) rowsOf[clique] = rowOf[entry];
    }
    return { options, cost, error };
  }
}

/** The best multiplier, and what was met on the way to it. */
export interface DualSolution {
  /** λ at which the bound is highest. */
  readonly lambda: number;
  /** No choice within the budget has a smaller error. */
  readonly lowerBound: number;
  /** The choice within the budget that has the smallest error of those met. */
  readonly feasible: Choice;
}

const MOST_STEPS = 100;

/**
 * Maximizes the Lagrangian bound  L(λ) = min (Σ error + λ · (Σ cost − budget)).
 *
 * The two choices at either side of the budget span a chord of the lower hull of (cost, error); its slope is the next λ
 * (Dinkelbach's method), until no choice lies below the chord.
 *
 * @param lagrangian The minimizer; it is left at the best λ.
 * @param budget The budget.
 * @param cheapest A choice within the budget.
 * @returns The bound, and the best choice within the budget that was met.
 */
export function maximizeBound(
  lagrangian: Lagrangian,
  budget: number,
  cheapest: Choice,
): DualSolution {
  let above = lagrangian.minimize(0);
  if (above.cost <= budget) return { lambda: 0, lowerBound: above.error, feasible: above };
  let below = cheapest;
  let feasible = cheapest;
  for (let step = 0;; step++) {
    const lambda = (below.error - above.error) / (above.cost - below.cost);
    const found = lagrangian.minimize(lambda);
    const value = found.error + lambda * found.cost;
    const chord = above.error + lambda * above.cost;
    if (found.cost <= budget && found.error < feasible.error) feasible = found;
    if (value >= chord - 1e-12 * Math.abs(chord) || step === MOST_STEPS) {
      return { lambda, lowerBound: value - lambda * budget, feasible };
    }
    if (found.cost <= budget) below = found;
    else above = found;
  }
}
