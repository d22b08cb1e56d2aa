import type { LearningLosses } from "./ddpg.ts";

/** How good a network is. */
export interface Evaluation {
  /** What is lost, 0 at best: the share of images classified wrongly, or the relative error of the outputs. */
  readonly error: number;
  /** Mean loss. */
  readonly loss: number;
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
}

/** Who chose the counts of a roll-out: `start`, noise around the best until then, chance, or the agent. */
export type RolloutSource = "start" | "near best" | "random" | "agent";

/** One network that was tried. */
export interface Rollout extends Evaluation, Partial<LearningLosses> {
  /** Its number, from 1. */
  readonly rollout: number;
  /** Who chose it. */
  readonly source: RolloutSource;
  /** Channels that every unit keeps. */
  readonly counts: readonly number[];
  /** Share of its channels that every unit keeps. */
  readonly ratios: readonly number[];
  /** Share of the whole cost. */
  readonly cost: number;
  /** What it is worth, before the baseline is taken off. */
  readonly reward: number;
  /** Standard deviation of the noise: on the actor's weights, `near best` on the ratios; 0 for the others. */
  readonly noise: number;
}

/**
 * The best roll-outs: largest reward first, of equals the smallest loss, then the earliest.
 *
 * @param rollouts Roll-outs.
 * @param count How many at most.
 * @returns Roll-outs whose counts all differ.
 */
export function bestRollouts(rollouts: readonly Rollout[], count: number): Rollout[] {
  const ranked = rollouts.toSorted((a, b) =>
    b.reward - a.reward || a.loss - b.loss || a.rollout - b.rollout
  );
  const seen = new Set<string>();
  const distinct = ranked.filter(({ counts }) => seen.size < seen.add(keyOf(counts)).size);
  return distinct.slice(0, count);
}

/** Counts as a text: equal texts, equal counts. */
export function keyOf(counts: readonly number[]): string {
  return counts.join(" ");
}
