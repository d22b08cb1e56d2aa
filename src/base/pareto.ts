/** Something with a cost and a quality. */
export interface ParetoPoint {
  /** Its cost; less is better. */
  readonly cost: number;
  /** Its quality; more is better. */
  readonly quality: number;
}

/**
 * The Pareto front: the offers that no other one beats by being at least as good in cost and quality and better in one
 * of them.
 *
 * @param offers The offers.
 * @returns Those on the front, the cheapest first; of equal ones the first.
 *
 * @example Leave out a network that another one beats
 * ```ts
 * import { paretoFront } from "secateur";
 * import assert from "node:assert/strict";
 *
 * const networks = [
 *   { name: "whole", cost: 9.5, quality: 0.92 },
 *   { name: "half", cost: 4.8, quality: 0.89 },
 *   { name: "beaten", cost: 5.5, quality: 0.88 },
 * ];
 * assert.deepEqual(paretoFront(networks).map(({ name }) => name), ["half", "whole"]);
 * ```
 */
export function paretoFront<Kind extends ParetoPoint>(offers: readonly Kind[]): Kind[] {
  const front: Kind[] = [];
  for (const offer of offers.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality)) {
    if (front.length === 0 || offer.quality > front.at(-1)!.quality) front.push(offer);
  }
  return front;
}
