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
 */
export function paretoFront<Kind extends ParetoPoint>(offers: readonly Kind[]): Kind[] {
  const front: Kind[] = [];
  for (const offer of offers.toSorted((a, b) => a.cost - b.cost || b.quality - a.quality)) {
    if (front.length === 0 || offer.quality > front.at(-1)!.quality) front.push(offer);
  }
  return front;
}
