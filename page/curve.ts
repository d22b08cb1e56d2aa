import type { CurvePoint, ExploreReport } from "../src/browser.ts";

/** How much the model loses at which size. */
export interface Curve extends Pick<ExploreReport, "original" | "points"> {
  /** What is worth knowing of it, in the words of this page. */
  readonly notes: readonly string[];
}

/** A place of the curve, by the share of the MACs. */
export interface CurvePlace {
  /** Share of the original's MACs. */
  readonly share: number;
  /** Accuracy, or the relative error of the outputs where these are compared. */
  readonly value: number;
  /** Standard error of what is lost. */
  readonly standardError: number;
}

/**
 * The places that were measured.
 *
 * @param curve The curve.
 * @returns The places, the smallest model first, the original last.
 */
export function placesOf({ original, points }: Pick<Curve, "original" | "points">): CurvePlace[] {
  const placeOf = ({ macs, accuracy, drop, standardError }: Omit<CurvePoint, "share">) => ({
    share: macs / original.macs,
    value: accuracy ?? drop,
    standardError,
  });
  const whole = placeOf({ ...original, drop: 0, standardError: 0 });
  return [...points.map(placeOf), whole].sort((first, second) => first.share - second.share);
}

/**
 * Reads the curve where nothing was measured, on the straight line between the two places beside.
 *
 * @param places The places that were measured, ascending.
 * @param share Share of the original's MACs.
 * @returns The place; undefined where the model cannot be made as small.
 */
export function readCurve(places: readonly CurvePlace[], share: number): CurvePlace | undefined {
  const next = places.findIndex((place) => place.share >= share);
  if (next < 0 || (next === 0 && places[0].share > share)) return undefined;
  const [before, after] = [places[Math.max(0, next - 1)], places[next]];
  const width = after.share - before.share;
  const weight = width > 0 ? (share - before.share) / width : 1;
  const between = (from: number, to: number) => from + weight * (to - from);
  return {
    share,
    value: between(before.value, after.value),
    standardError: between(before.standardError, after.standardError),
  };
}
