/**
 * How channels are chosen:
 *
 * - `obs`: one channel after the other is taken out, always the one whose loss the others make up for best (Hassibi and
 *   Stork 1993, for whole channels);
 * - `lasso`: by the Lasso of He et al. 2017, arXiv 1707.06168, eq. 2;
 * - `magnitude`: those with the largest weights stay.
 */
export type SelectionMethod = "lasso" | "obs" | "magnitude";

/** Channels to keep, and what speaks for them. */
export interface Selection {
  /** The channels, ascending. */
  readonly kept: Int32Array;
  /** Channels without any signal, whether kept or not, ascending; they are the first to go. */
  readonly dead: Int32Array;
}

/** Ranks the channels of one space; the ranking is computed once, every count is read off it. */
export interface Selector {
  /** The method. */
  readonly method: SelectionMethod;
  /** Channels in the space. */
  readonly channels: number;
  /**
   * The best `count` channels.
   *
   * @param count How many, 0 to `channels`.
   * @returns The channels and the method's evidence.
   * @throws {RangeError} When there are not that many.
   */
  keep(count: number): Selection;
}

/**
 * Checks the argument of `Selector.keep`.
 *
 * @param count Channels asked for.
 * @param channels Channels there are.
 * @throws {RangeError} When there are not that many.
 */
export function checkKeptCount(count: number, channels: number): void {
  if (!Number.isInteger(count) || count < 0 || count > channels) {
    throw new RangeError(`keep ${count} channels: wanted an integer from 0 to ${channels}`);
  }
}
