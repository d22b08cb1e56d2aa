/** Something that costs and is worth something. */
export interface ParetoPoint {
  /** What it costs. */
  readonly cost: number;
  /** What it is worth. */
  readonly quality: number;
}

/**
 * The offers that no other beats: none is worth as much for less, or more for the same.
 *
 * @param offers The offers.
 * @returns Those on the front, the cheapest first; of equals the first.
 *
 * @example Leave out a network that another one beats
 * ```ts
 * import { paretoFront } from "@secateur/secateur";
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
