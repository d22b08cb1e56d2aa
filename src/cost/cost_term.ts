/** A part of a network's cost that depends on the counts of a few units; the parts add up. */
export interface CostTerm {
  /** The units, by index, each once; none for a constant. */
  readonly units: readonly number[];
  /**
   * The part's cost.
   *
   * @param counts Channels that each of the units keeps, in their order.
   * @returns The cost, not negative.
   */
  readonly cost: (...counts: number[]) => number;
}

/**
 * The sum of some terms, in their order, so that equal counts give equal sums.
 *
 * @param terms The terms.
 * @param counts Channels that every unit keeps.
 * @returns Their cost.
 */
export function sumTerms(terms: readonly CostTerm[], counts: ArrayLike<number>): number {
  let sum = 0;
  for (const { units, cost } of terms) {
    // Searches ask for this all the time; terms of more units are few.
    if (units.length === 1) sum += cost(counts[units[0]]);
    else if (units.length === 2) sum += cost(counts[units[0]], counts[units[1]]);
    else sum += cost(...units.map((unit) => counts[unit]));
  }
  return sum;
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
