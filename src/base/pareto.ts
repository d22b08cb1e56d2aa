/** Something that costs and is worth something. */
export interface Offer {
  /** What it costs. */
  readonly cost: number;
  /** What it is worth. */
  readonly worth: number;
}

/**
 * The offers that no other beats: none is worth as much for less, or more for the same.
 *
 * @param offers The offers.
 * @returns Those on the front, the cheapest first; of equals the first.
 */
export function paretoFront<Kind extends Offer>(offers: readonly Kind[]): Kind[] {
  const front: Kind[] = [];
  for (const offer of offers.toSorted((a, b) => a.cost - b.cost || b.worth - a.worth)) {
    if (front.length === 0 || offer.worth > front.at(-1)!.worth) front.push(offer);
  }
  return front;
}
