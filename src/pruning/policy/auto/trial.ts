import { InputError, partsOf } from "../../../base/mod.ts";
import type { Walk } from "./environment.ts";
import type { Measurement } from "./measurements.ts";
import { rewardOf, type RewardPolicy } from "./reward.ts";
import type { FailedRollout, Proposal, Rollout } from "./rollout.ts";
import { channelsOf, type SearchSpace } from "./search_space.ts";

/** A network that is about to be tried. */
export interface Trial extends Pick<Proposal, "rollout" | "source" | "noise"> {
  /** The decisions. */
  readonly walk: Walk;
}

/** What came of trials, in order. */
export interface Tried {
  /** Those that were measured. */
  readonly rollouts: readonly Rollout[];
  /** Those that could not be. */
  readonly failures: readonly FailedRollout[];
}

/** What trials are scored by. */
export interface TrialRules {
  /** What is decided. */
  readonly space: SearchSpace;
  /** Cost of the whole network. */
  readonly whole: number;
  /** What is rewarded. */
  readonly rewardPolicy: RewardPolicy;
  /** Errors up to this are as good as none, under `flops`. */
  readonly noiseTolerance: number;
}

/**
 * Says what a trial is worth.
 *
 * @param trial The trial.
 * @param measurement What came of measuring its network.
 * @param rules What it is scored by.
 * @returns The roll-out.
 */
export function scoreTrial(
  { rollout, source, noise, walk: { counts, cost } }: Trial,
  measurement: Measurement,
  { space, whole, rewardPolicy, noiseTolerance }: TrialRules,
): Rollout | FailedRollout {
  const ratios = counts.map((count, unit) => count / channelsOf(space.units[unit]));
  const proposal = { rollout, source, counts, ratios, cost: cost / whole };
  if ("failure" in measurement) return { ...proposal, noise, failure: measurement.failure };
  const { error, loss, accuracy, seconds } = measurement;
  return {
    ...proposal,
    error,
    loss,
    ...(accuracy !== undefined && { accuracy }),
    reward: rewardOf(rewardPolicy, { error, cost }, noiseTolerance),
    noise,
    ...(seconds !== undefined && { seconds }),
  };
}

/**
 * Parts what was measured from what could not be.
 *
 * @param scored What came of trials, in order.
 * @returns Both.
 * @throws {InputError} When nothing was measured.
 */
export function partitionTrials(scored: readonly (Rollout | FailedRollout)[]): Tried {
  const rollouts = scored.filter((each): each is Rollout => !("failure" in each));
  const failures = scored.filter((each): each is FailedRollout => "failure" in each);
  if (rollouts.length > 0 || failures.length === 0) return { rollouts, failures };
  throw new InputError([
    `measuring networks: found none of ${failures.length} that can be measured; the first: `,
    ...partsOf(failures[0].failure),
  ]);
}
