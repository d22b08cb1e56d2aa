import { createRandom } from "../../random.ts";
import { Environment } from "./environment.ts";
import { exploreAround } from "./explore.ts";
import { checkRecorded } from "./recorded.ts";
import { rewardOf, type RewardPolicy } from "./reward.ts";
import { bestRollouts, keyOf, type Rollout } from "./rollout.ts";
import type { SearchHooks } from "./search.ts";
import { channelsOf, type SearchSpace } from "./search_space.ts";
import { STREAMS } from "./streams.ts";

/** Settings of {@link refineCounts}. */
export interface RefineOptions {
  /** Share of the whole cost to keep, in (0, 1]. */
  readonly share: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** What is rewarded. Under `accuracy` every network meets the budget, under `flops` none has to. */
  readonly rewardPolicy: RewardPolicy;
  /** Errors up to this are as good as none, under `flops`. */
  readonly noiseTolerance: number;
  /** Standard deviation of the ratios around the best known; half of it to begin with, since the best is near by then. */
  readonly ratioNoise: number;
  /** Networks to try, those to start from included. */
  readonly networks: number;
  /** Roll-outs before these, whose numbers go on. */
  readonly before: number;
}

/** After a better network the deviation grows, after any other it shrinks: even where one in five is better. */
const GROWTH = 1.5, SHRINKAGE = GROWTH ** -0.25;

/**
 * Searches around the best roll-outs by a measure that costs more than a roll-out: they are measured anew, and then
 * networks near the best so far, with a deviation that follows success, a (1+1) evolution strategy with the rule of one
 * fifth (Rechenberg 1973; Schumer and Steiglitz 1968). Under `accuracy` the smaller loss is the better network: over as
 * few images it varies less than accuracy.
 *
 * @param space What is decided, and what it costs.
 * @param options Settings.
 * @param origins What to start from; of equal ones the first.
 * @param hooks How networks are measured.
 * @returns All networks that were measured, numbered behind the roll-outs.
 * @throws {InputError} When the recorded ones are not those of this search.
 */
export async function refineCounts(
  space: SearchSpace,
  options: RefineOptions,
  origins: readonly Rollout[],
  hooks: SearchHooks,
): Promise<Rollout[]> {
  const { share, seed, rewardPolicy, noiseTolerance, networks, before } = options;
  const isBounded = rewardPolicy === "accuracy";
  const distinct = origins.filter(({ counts }, index) =>
    origins.findIndex((other) => keyOf(other.counts) === keyOf(counts)) === index
  );
  if (distinct.length === 0) return [];
  const lowest = distinct.map(({ counts }) => counts).reduce((least, counts) =>
    least.map((count, unit) => Math.min(count, counts[unit]))
  );
  const environment = new Environment(space, { share, isBounded, start: lowest });
  const measured = new Map<string, Rollout>();
  const tried: Rollout[] = [];
  let sigma = options.ratioNoise / 2;
  while (tried.length < networks) {
    hooks.signal?.throwIfAborted();
    const rollout = before + tried.length + 1;
    const origin = distinct[tried.length];
    const [best] = bestRollouts(tried, 1, rewardPolicy);
    const random = createRandom(seed, STREAMS.exploration, rollout);
    const walk = origin
      ? environment.retrace(origin.counts)
      : exploreAround(environment, environment.retrace(best.counts), sigma, random);
    const recorded = hooks.recorded?.[tried.length];
    if (recorded) checkRecorded(recorded.counts, walk.counts, rollout);
    const { error, loss, accuracy } = recorded ?? measured.get(keyOf(walk.counts)) ??
      await hooks.evaluate(walk.counts);
    const refined: Rollout = {
      rollout,
      source: "refined",
      counts: walk.counts,
      ratios: walk.counts.map((count, unit) => count / channelsOf(space.units[unit])),
      cost: walk.cost / environment.budget.whole,
      error,
      loss,
      ...(accuracy !== undefined && { accuracy }),
      reward: rewardOf(rewardPolicy, { error, cost: walk.cost }, noiseTolerance),
      noise: origin ? 0 : sigma,
    };
    measured.set(keyOf(walk.counts), refined);
    tried.push(refined);
    if (origin === undefined) {
      const isBetter = bestRollouts(tried, 1, rewardPolicy)[0] === refined;
      sigma = Math.min(1, sigma * (isBetter ? GROWTH : SHRINKAGE));
    }
    if (recorded === undefined) await hooks.onRollout?.(refined);
  }
  return tried;
}
