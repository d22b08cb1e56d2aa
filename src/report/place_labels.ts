import { estimateWidth } from "./units.ts";

/** A mark with a name, in pixels from the top left. */
export interface NamedMark {
  /** Its middle. */
  readonly x: number;
  /** Its middle. */
  readonly y: number;
  /** Its name. */
  readonly name: string;
}

/** Where a name stands, as the plotting library takes it. */
export interface LabelPlace {
  /** Pixels from the mark. */
  readonly dx: number;
  /** Pixels from the mark to the middle of the text. */
  readonly dy: number;
  /** Which end of the text stands there. */
  readonly textAnchor: "start" | "end";
}

/** The best first: above, then below, then farther off. */
const PLACES: readonly LabelPlace[] = [-9, 11, -22, 24].flatMap((dy) => [
  { dx: 9, dy, textAnchor: "start" },
  { dx: -9, dy, textAnchor: "end" },
]);

const LINE = 13;
const MARK_RADIUS = 6;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * Finds places for names, one after the other: each where it covers least of the marks, of the names before it and of
 * what is beyond the sides.
 *
 * @param marks The marks.
 * @param width Pixels of the chart.
 * @returns A place for each.
 */
export function placeLabels(marks: readonly NamedMark[], width: number): LabelPlace[] {
  const taken: Box[] = marks.map(({ x, y }) => ({
    left: x - MARK_RADIUS,
    right: x + MARK_RADIUS,
    top: y - MARK_RADIUS,
    bottom: y + MARK_RADIUS,
  }));
  return marks.map((mark) => {
    const offers = PLACES.map((place) => {
      const box = boxOfLabel(mark, place);
      const beyond = Math.max(0, -box.left) + Math.max(0, box.right - width);
      const covered = taken.reduce((sum, other) => sum + overlapOf(box, other), LINE * beyond);
      return { place, box, covered };
    });
    const least = Math.min(...offers.map(({ covered }) => covered));
    const { place, box } = offers.find(({ covered }) => covered === least)!;
    taken.push(box);
    return place;
  });
}

function boxOfLabel({ x, y, name }: NamedMark, { dx, dy, textAnchor }: LabelPlace): Box {
  const near = x + dx;
  const far = near + (textAnchor === "start" ? 1 : -1) * estimateWidth(name);
  return {
    left: Math.min(near, far),
    right: Math.max(near, far),
    top: y + dy - LINE / 2,
    bottom: y + dy + LINE / 2,
  };
}

/** Square pixels that two boxes have in common. */
function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}
