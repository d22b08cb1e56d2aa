import type { Notice } from "../../../base/mod.ts";
import type { LearningLosses } from "./agent/ddpg.ts";
import type { RewardPolicy } from "./reward.ts";

/** How good a network is. */
export interface Evaluation {
  /** What is lost, 0 at best: the share of images classified wrongly, or the relative error of the outputs. */
  readonly error: number;
  /** Mean cross-entropy in nats; where outputs are compared, the squared relative error. */
  readonly loss: number;
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /** Wall time of the measurement in seconds, where it was taken. */
  readonly seconds?: number;
}

/**
 * Who chose the counts of a roll-out: `start`, noise around the best until then, chance, or the agent. What is `refined`
 * was measured otherwise than the others, and compares with its like alone.
 */
export type RolloutSource = "start" | "near best" | "random" | "agent" | "refined";

/** One network that was to be tried. */
export interface Proposal {
  /** Its number, from 1. */
  readonly rollout: number;
  /** Who chose it. */
  readonly source: RolloutSource;
  /** Number of channels that every unit keeps. */
  readonly counts: readonly number[];
  /** Share of its channels that every unit keeps. */
  readonly ratios: readonly number[];
  /** Share of the whole cost. */
  readonly cost: number;
  /** Standard deviation of the noise: on the actor's weights, `near best` and `refined` on the ratios; 0 for the others. */
  readonly noise: number;
}

/** One network that was tried. */
export interface Rollout extends Proposal, Evaluation, Partial<LearningLosses> {
  /** Its reward, before the baseline is taken off. */
  readonly reward: number;
}

/** One network that could not be measured. */
export interface FailedRollout extends Proposal {
  /** The message of the error. */
  readonly failure: Notice;
}

/**
 * The best roll-outs: largest reward first, of equals the smallest loss, then the earliest. With a policy given, the
 * smallest loss first where it rewards accuracy.
 *
 * @param rollouts Roll-outs.
 * @param count How many at most.
 * @param policy What is rewarded, where the loss is to tell networks apart that accuracy cannot.
 * @returns Roll-outs whose counts all differ.
 */
export function bestRollouts<Kind extends Rollout>(
  rollouts: readonly Kind[],
  count: number,
  policy?: RewardPolicy,
): Kind[] {
  const reward = (rollout: Rollout) => policy === "accuracy" ? -rollout.loss : rollout.reward;
  const ranked = rollouts.toSorted((a, b) =>
    reward(b) - reward(a) || a.loss - b.loss || a.rollout - b.rollout
  );
  const seen = new Set<string>();
  const distinct = ranked.filter(({ counts }) => seen.size < seen.add(keyOf(counts)).size);
  return distinct.slice(0, count);
}

/** Counts as a text: equal texts, equal counts. */
export function keyOf(counts: readonly number[]): string {
  return counts.join(" ");
}
