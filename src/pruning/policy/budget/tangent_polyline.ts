import type { BudgetUnit } from "./budget_problem.ts";

/** Tangents at first, by default. */
const FIRST_TANGENTS = 8;

/** A convex polyline below a unit's errors: the upper envelope of some edges of their lower hull. */
export class TangentPolyline {
  readonly #name: string;
  /** Corners of the hull. */
  readonly #counts: number[] = [];
  readonly #errors: number[] = [];
  /** Options that the corners of the hull are. */
  readonly #options: number[] = [];
  readonly #touched = new Set<number>();
  /** Edges that the polyline touches, ascending: edge i joins corners i and i + 1. */
  #edges: number[];

  /**
   * Starts with a few tangents.
   *
   * @param unit The unit.
   * @param tangents How many, as far as there are so many.
   */
  constructor({ name, counts, errors }: BudgetUnit, tangents = FIRST_TANGENTS) {
    this.#name = name;
    for (let option = 0; option < counts.length; option++) {
      this.#addCorner(option, counts[option], errors[option]);
    }
    const edges = this.#counts.length - 1;
    const first = Math.min(tangents, edges);
    this.#edges = Array.from(
      { length: first },
      (_, index) => Math.round(index * (edges - 1) / Math.max(1, first - 1)),
    );
  }

  /** The unit with the polyline's corners as its options. */
  unit(): BudgetUnit {
    const [all, errors] = [this.#counts, this.#errors];
    if (this.#edges.length === 0) return { name: this.#name, counts: all, errors };
    const corners = this.#edges.slice(1).map((edge, index) =>
      this.#cross(this.#edges[index], edge)
    );
    const ends = [[all[0], errors[0]], ...corners, [all.at(-1)!, errors.at(-1)!]];
    return {
      name: this.#name,
      counts: ends.map(([count]) => count),
      errors: ends.map(([, error]) => Math.max(0, error)),
    };
  }

  /** Options at or beside the counts where tangents have been added. */
  get touched(): number[] {
    return [...this.#touched];
  }

  /**
   * Adds the tangents at a count.
   *
   * @returns Whether there was one to add.
   */
  touchAt(count: number): boolean {
    const [counts, edges] = [this.#counts, new Set(this.#edges)];
    const before = edges.size;
    const at = counts.findLastIndex((corner) => corner <= count);
    for (const corner of [at, at + 1]) {
      if (corner < counts.length) this.#touched.add(this.#options[corner]);
    }
    if (before === 0) return false;
    if (at < counts.length - 1) edges.add(at);
    if (counts[at] === count && at > 0) edges.add(at - 1);
    this.#edges = [...edges].sort((a, b) => a - b);
    return edges.size > before;
  }

  #addCorner(option: number, count: number, error: number): void {
    const [counts, errors] = [this.#counts, this.#errors];
    const slope = (from: number, toCount: number, toError: number) =>
      (toError - errors[from]) / (toCount - counts[from]);
    while (
      counts.length > 1 &&
      slope(counts.length - 2, counts.at(-1)!, errors.at(-1)!) >=
        slope(counts.length - 2, count, error)
    ) {
      counts.pop();
      errors.pop();
      this.#options.pop();
    }
    counts.push(count);
    errors.push(error);
    this.#options.push(option);
  }

  /** Where the lines of two edges meet; neighbors meet at a corner of the hull. */
  #cross(first: number, second: number): [count: number, error: number] {
    const [counts, errors] = [this.#counts, this.#errors];
    if (second === first + 1) return [counts[second], errors[second]];
    const slopeOf = (edge: number) =>
      (errors[edge + 1] - errors[edge]) / (counts[edge + 1] - counts[edge]);
    const [one, other] = [slopeOf(first), slopeOf(second)];
    const gap = errors[second] - errors[first] - one * (counts[second] - counts[first]);
    const count = counts[second] - gap / (other - one);
    return [count, errors[first] + one * (count - counts[first])];
  }
}
