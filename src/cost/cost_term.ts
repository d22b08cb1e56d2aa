/** A part of a network's cost that depends on the counts of a few units; the parts add up. */
export interface CostTerm {
  /** The units, by index, ascending; none for a constant. */
  readonly units: readonly number[];
  /**
   * The part's cost.
   *
   * @param counts Channels that each of the units keeps, in their order.
   * @returns The cost.
   */
  readonly cost: (...counts: number[]) => number;
}

/**
 * The sum of some terms.
 *
 * @param terms The terms.
 * @param counts Channels that every unit keeps.
 * @returns Their cost.
 */
export function sumTerms(terms: readonly CostTerm[], counts: ArrayLike<number>): number {
  return terms.reduce(
    (sum, { units, cost }) => sum + cost(...units.map((unit) => counts[unit])),
    0,
  );
}

/**
 * Makes one term of all those that depend on the same units.
 *
 * @param terms The terms.
 * @returns Fewer terms with the same sum.
 */
export function mergeTerms(terms: readonly CostTerm[]): CostTerm[] {
  const groups = Map.groupBy(terms, ({ units }) => units.join(" "));
  return [...groups.values()].map((group): CostTerm => {
    const { units } = group[0];
    if (units.length === 0) {
      const sum = group.reduce((total, { cost }) => total + cost(), 0);
      return { units, cost: () => sum };
    }
    if (group.length === 1) return group[0];
    const cost = (...counts: number[]) =>
      group.reduce((total, term) => total + term.cost(...counts), 0);
    return { units, cost };
  });
}
