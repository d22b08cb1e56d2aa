import { type LimitName, LIMITS, type Limits } from "./limits.ts";

/** A limit and what was found. */
export interface LimitResult {
  /** Which limit. */
  readonly name: LimitName;
  /** What it means, in words. */
  readonly meaning: string;
  /** Whether the figure must not exceed the limit (`most`) or must reach it (`least`). */
  readonly side: "most" | "least";
  /** The limit, in the unit that {@link LimitName} names. */
  readonly limit: number;
  /** The figure, in the same unit. */
  readonly found: number;
  /** How far the figure is on the wrong side; 0 or less when the limit holds. */
  readonly excess: number;
  /** Whether the limit holds. */
  readonly holds: boolean;
}

/**
 * Holds figures against limits.
 *
 * @param limits The limits.
 * @param figures Figures by name, at least those that have a limit.
 * @returns A result for every limit, in the order of the budget file.
 * @throws {RangeError} When a figure is not there.
 */
export function compareToLimits(
  limits: Limits,
  figures: Partial<Record<LimitName, number>>,
): LimitResult[] {
  return Object.entries(limits).map(([key, limit]) => {
    const name = key as LimitName;
    const found = figures[name];
    if (found === undefined) throw new RangeError(`judging "${name}": found no figure, wanted one`);
    const { side, meaning } = LIMITS[name];
    const excess = side === "most" ? found - limit : limit - found;
    return { name, meaning, side, limit, found, excess, holds: excess <= 0 };
  });
}
