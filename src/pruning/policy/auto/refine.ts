import { createRandom } from "../../../base/mod.ts";
import { Environment } from "./environment.ts";
import { exploreAround } from "./explore.ts";
import { Measurements } from "./measurements.ts";
import type { RewardPolicy } from "./reward.ts";
import { bestRollouts, type FailedRollout, keyOf, type Rollout } from "./rollout.ts";
import type { SearchHooks } from "./search.ts";
import type { SearchSpace } from "./search_space.ts";
import { STREAMS } from "./streams.ts";
import { partitionTrials, scoreTrial, type Trial, type Tried } from "./trial.ts";

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
  /** Networks that are measured together. */
  readonly proposals: number;
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
 * Networks of a batch are drawn near the same one; those to start from are measured before any other.
 *
 * @param space What is decided, and what it costs.
 * @param options Settings.
 * @param origins What to start from; of equal ones the first.
 * @param hooks How networks are measured.
 * @returns All networks that were tried, numbered behind the roll-outs.
 * @throws {InputError} When the recorded ones are not those of this search, or none to start from can be measured.
 */
export async function refineCounts(
  space: SearchSpace,
  options: RefineOptions,
  origins: readonly Rollout[],
  hooks: SearchHooks,
): Promise<Tried> {
  const { share, seed, rewardPolicy, noiseTolerance, networks, before, proposals } = options;
  const isBounded = rewardPolicy === "accuracy";
  const distinct = origins.filter(({ counts }, index) =>
    origins.findIndex((other) => keyOf(other.counts) === keyOf(counts)) === index
  ).slice(0, networks);
  if (distinct.length === 0) return partitionTrials([]);
  const lowest = distinct.map(({ counts }) => counts).reduce((least, counts) =>
    least.map((count, unit) => Math.min(count, counts[unit]))
  );
  const environment = new Environment(space, { share, isBounded, start: lowest });
  const rules = { space, whole: environment.budget.whole, rewardPolicy, noiseTolerance };
  const measurements = new Measurements(hooks);
  const tried: (Rollout | FailedRollout)[] = [];
  const best = () => bestRollouts(partitionTrials(tried).rollouts, 1, rewardPolicy)[0];
  const tryOut = async (trials: readonly Trial[], onScored?: (rollout: Rollout) => void) => {
    hooks.signal?.throwIfAborted();
    const measured = await measurements.measureAll(trials.map(({ walk }) => walk.counts));
    for (const [index, trial] of trials.entries()) {
      const scored = scoreTrial(trial, measured[index], rules);
      tried.push(scored);
      if (!("failure" in scored)) onScored?.(scored);
      await hooks.onRollout?.(scored);
    }
  };

  for (const batch of batchesOf(distinct.length, proposals)) {
    await tryOut(batch.map((index) => ({
      rollout: before + index + 1,
      source: "refined",
      noise: 0,
      walk: environment.retrace(distinct[index].counts),
    })));
  }
  let sigma = options.ratioNoise / 2;
  for (const batch of batchesOf(networks - distinct.length, proposals)) {
    const center = environment.retrace(best().counts);
    const trials = batch.map((index): Trial => {
      const rollout = before + distinct.length + index + 1;
      const random = createRandom(seed, STREAMS.exploration, rollout);
      const walk = exploreAround(environment, center, sigma, random);
      return { rollout, source: "refined", noise: sigma, walk };
    });
    await tryOut(trials, (refined) => {
      sigma = Math.min(1, sigma * (best() === refined ? GROWTH : SHRINKAGE));
    });
  }
  return partitionTrials(tried);
}

/** The numbers from 0 to count − 1, in runs of a size. */
function batchesOf(count: number, size: number): number[][] {
  return Array.from({ length: Math.ceil(count / size) }, (_, batch) => {
    const first = batch * size;
    return Array.from({ length: Math.min(size, count - first) }, (_, index) => first + index);
  });
}
