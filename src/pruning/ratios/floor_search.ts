import type { Judgement } from "../types.ts";

/** Repairs that a search for a floor is given. */
export const MOST_REPAIRS = 4;

/** Shares of the cost that are as good as the same. */
const SAME_SHARE = 0.03;

/** What a repair leaves of the drop of a network that is read off, before one has been seen. */
const FIRST_RATIO = 0.4;

/** A network that was repaired and judged. */
export interface Tried<Network> extends Judgement {
  /** Share of the cost that it was to keep. */
  readonly share: number;
  /** The network. */
  readonly network: Network;
}

/** A share of the cost, and the drop of its network before any repair. */
export interface ReadOff {
  /** The share. */
  readonly share: number;
  /** The drop. */
  readonly drop: number;
}

/**
 * Looks for the smallest network whose drop is no more than a limit, with few repairs. The curve of networks that are read
 * off says how the drop grows; a repaired network loses a part of that, which every repair tells better. The next share is
 * where that part comes to the limit, within what is known to keep it and what is known to break it.
 *
 * @param curve Networks that are read off, in any order.
 * @param limit The largest drop.
 * @param repair Cuts and repairs the network of a share, and judges it.
 * @returns All that were tried, and the smallest that keeps the limit, if any does.
 */
export async function searchFloor<Network>(
  curve: readonly ReadOff[],
  limit: number,
  repair: (share: number) => Promise<Omit<Tried<Network>, "share">>,
): Promise<{ readonly best?: Tried<Network>; readonly tried: readonly Tried<Network>[] }> {
  const points = monotone(curve);
  const tried: Tried<Network>[] = [];
  const least = points[0].share;
  let [breaks, keeps, ratio] = [0, 1, FIRST_RATIO];
  while (tried.length < MOST_REPAIRS && keeps - Math.max(breaks, least) > SAME_SHARE) {
    const wanted = shareAt(points, limit / ratio);
    const share = clamp(wanted, breaks, keeps, least);
    const found = { share, ...await repair(share) };
    tried.push(found);
    if (found.drop <= limit) keeps = share;
    else breaks = share;
    ratio = Math.max(found.drop, 0.1 * limit) / Math.max(dropAt(points, share), 1e-6);
  }
  const kept = tried.filter(({ drop }) => drop <= limit);
  return { best: kept.toSorted((a, b) => a.share - b.share)[0], tried };
}

/** Well inside of what is not decided, so that every repair narrows it. */
function clamp(wanted: number, breaks: number, keeps: number, least: number): number {
  const low = Math.max(breaks, least);
  const margin = Math.min(SAME_SHARE, (keeps - low) / 2);
  const lowest = breaks < least ? least : breaks + margin;
  return Math.min(Math.max(wanted, lowest), keeps - margin);
}

/** Points by ascending share whose drops do not rise, with the whole network at the end. */
function monotone(curve: readonly ReadOff[]): ReadOff[] {
  const ascending = curve.toSorted((a, b) => a.share - b.share);
  const points: ReadOff[] = [{ share: 1, drop: 0 }];
  for (const { share, drop } of ascending.toReversed()) {
    if (share < 1) points.unshift({ share, drop: Math.max(drop, points[0].drop) });
  }
  return points;
}

/** The least share whose drop is no more than a limit, between points along lines. */
function shareAt(points: readonly ReadOff[], limit: number): number {
  const after = points.findIndex(({ drop }) => drop <= limit);
  if (after <= 0) return points[Math.max(0, after)].share;
  const [low, high] = [points[after - 1], points[after]];
  const part = (limit - high.drop) / (low.drop - high.drop);
  return high.share + part * (low.share - high.share);
}

/** The drop at a share, between points along lines. */
function dropAt(points: readonly ReadOff[], share: number): number {
  const after = points.findIndex((point) => point.share >= share);
  if (after <= 0) return points[Math.max(0, after)].drop;
  const [low, high] = [points[after - 1], points[after]];
  const part = (share - low.share) / (high.share - low.share);
  return low.drop + part * (high.drop - low.drop);
}
