import { createRandom, InputError, letOthersRun, withDefaults } from "../../../base/mod.ts";
import { Agent, type AgentOptions, type LearningLosses } from "./agent/ddpg.ts";
import { Environment, STATE_SIZE, type Walk } from "./environment.ts";
import { exploreAround } from "./explore.ts";
import { Measurements, type MeasuringHooks } from "./measurements.ts";
import type { RewardPolicy } from "./reward.ts";
import { bestRollouts, type FailedRollout, type Rollout } from "./rollout.ts";
import type { SearchSpace } from "./search_space.ts";
import { STREAMS } from "./streams.ts";
import { partitionTrials, scoreTrial, type Trial, type Tried } from "./trial.ts";

/** Settings of a search (`auto`). */
export interface SearchSettings {
  /** Number of roll-outs. */
  readonly rollouts: number;
  /** Number of roll-outs before the agent learns. */
  readonly rolloutsMin: number;
  /**
   * Networks that are proposed together, before anything is learnt from any of them, so that all of them can be measured
   * at the same time. The search depends on it; it does not depend on how many are in fact measured at once.
   */
  readonly proposals: number;
  /** What is rewarded. Under `accuracy` every roll-out meets the budget, under `flops` none has to. */
  readonly rewardPolicy: RewardPolicy;
  /** Errors up to this are as good as none, under `flops`. */
  readonly noiseTolerance: number;
  /** Standard deviation of the ratios around the best known, from `start` on. */
  readonly ratioNoise: number;
  /** Before the agent learns, every so many roll-outs are drawn without regard to what is known; 0 for none. */
  readonly randomEvery: number;
  /** Once it acts, every so many roll-outs explore around the best known all the same; 0 for none. */
  readonly exploreEvery: number;
}

/** Settings of {@link searchCounts}. */
export interface SearchOptions extends Partial<SearchSettings> {
  /** Share of the whole cost to keep, in (0, 1]. */
  readonly share: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** Counts to start from, within the budget: those of the budget policy, for example. */
  readonly start?: ArrayLike<number>;
  /** Settings of the agent. */
  readonly agent?: Partial<AgentOptions>;
}

/** What a search (`auto`) uses where a setting is not given. */
export const SEARCH_DEFAULTS: SearchSettings = {
  rollouts: 200,
  rolloutsMin: 50,
  proposals: 1,
  rewardPolicy: "accuracy",
  noiseTolerance: 0.15,
  ratioNoise: 0.05,
  randomEvery: 10,
  exploreEvery: 2,
};

/** What a search asks for and tells. */
export interface SearchHooks extends MeasuringHooks {
  /** Called with every roll-out in order, once the agent has learned from it. */
  readonly onRollout?: (rollout: Rollout | FailedRollout) => void | Promise<void>;
  /** Stops the search between batches. */
  readonly signal?: AbortSignal;
}

/** What a search has found. */
export interface SearchResult extends Tried {
  /** The one with the largest reward; of equals the one with the smallest loss. */
  readonly best: Rollout;
}

/**
 * Searches channel counts with an agent (He et al. 2018, AMC, arXiv 1802.03494).
 *
 * Roll-out 1 is `start`. The others before the agent learns explore around the best roll-out so far, now and then they are
 * random; without a start the untrained, perturbed actor explores. Once `rolloutsMin` roll-outs are remembered the agent
 * learns from one batch per decision after each of them, and acts in those that follow, in turns with further exploration
 * around the best.
 *
 * Roll-outs are proposed `proposals` at a time: those of one batch are chosen by what was known before it, and learnt from
 * in order after it. A network that cannot be measured is passed over.
 *
 * The same seed gives the same search, whatever is recorded of it and in whichever order networks of a batch are measured:
 * every roll-out draws from random streams of its own. Equal counts are measured once.
 *
 * @param space What is decided, and what it costs.
 * @param options Settings.
 * @param hooks How networks are evaluated.
 * @returns All roll-outs and the best.
 * @throws {InputError} When the budget cannot be reached, what is recorded is not of this search, or no network of the
 * first batch can be measured.
 * @throws {TypeError} When the space or the start makes no sense.
 */
export async function searchCounts(
  space: SearchSpace,
  options: SearchOptions,
  hooks: SearchHooks,
): Promise<SearchResult> {
  const search = new Search(space, options, hooks);
  const { rollouts, proposals } = search.settings;
  const scored: (Rollout | FailedRollout)[] = [];
  while (scored.length < rollouts) {
    await letOthersRun();
    hooks.signal?.throwIfAborted();
    const size = Math.min(proposals, rollouts - scored.length);
    for await (const rollout of search.rollOut(scored.length + 1, size)) {
      scored.push(rollout);
      await hooks.onRollout?.(rollout);
    }
    partitionTrials(scored);
  }
  const tried = partitionTrials(scored);
  return { ...tried, best: bestRollouts(tried.rollouts, 1)[0] };
}

function checkSettings({ rollouts, rolloutsMin, proposals, ratioNoise }: SearchSettings): void {
  const isCount = (found: number) => Number.isInteger(found) && found > 0;
  const wanted: [string, number, string, boolean][] = [
    ["roll-outs", rollouts, "a whole number above 0", isCount(rollouts)],
    ["proposals", proposals, "a whole number above 0", isCount(proposals)],
    ["roll-outs before learning", rolloutsMin, "0 or more", rolloutsMin >= 0],
    ["noise on the ratios", ratioNoise, "0 to 1", ratioNoise >= 0 && ratioNoise <= 1],
  ];
  for (const [name, found, range, isMet] of wanted) {
    if (!isMet) {
      throw new InputError(
        `searching channel counts: found ${found} as ${name}, wanted ${range}; give such a number`,
      );
    }
  }
}

/** A walk and what came of it. */
interface ScoredTrial {
  readonly walk: Walk;
  readonly reward: number;
  readonly loss: number;
}

/** A search between two batches. */
class Search {
  readonly settings: SearchSettings;
  readonly #space: SearchSpace;
  readonly #options: SearchOptions;
  readonly #environment: Environment;
  readonly #agent: Agent;
  readonly #start: Walk | undefined;
  readonly #measurements: Measurements;
  #best: ScoredTrial | undefined;

  constructor(space: SearchSpace, options: SearchOptions, hooks: SearchHooks) {
    const { share, seed, start, agent, ...settings } = options;
    this.settings = withDefaults(settings, SEARCH_DEFAULTS);
    checkSettings(this.settings);
    const { rollouts, rewardPolicy } = this.settings;
    this.#space = space;
    this.#options = options;
    this.#measurements = new Measurements(hooks);
    const isBounded = rewardPolicy === "accuracy";
    this.#environment = new Environment(space, { share, isBounded, start });
    this.#agent = new Agent({ stateSize: STATE_SIZE, rollouts, seed }, agent);
    this.#start = start && this.#environment.retrace(start);
  }

  /** Proposes roll-outs, measures them, and learns from one after the other. */
  async *rollOut(first: number, size: number): AsyncGenerator<Rollout | FailedRollout> {
    const trials = Array.from({ length: size }, (_, index) => this.#choose(first + index));
    const measured = await this.#measurements.measureAll(trials.map(({ walk }) => walk.counts));
    const { whole } = this.#environment.budget;
    const rules = { ...this.settings, space: this.#space, whole };
    for (const [index, trial] of trials.entries()) {
      const scored = scoreTrial(trial, measured[index], rules);
      if (!("failure" in scored)) {
        const { walk } = trial;
        this.#agent.remember(walk, scored.reward);
        this.#keepBest({ walk, reward: scored.reward, loss: scored.loss });
      }
      yield { ...scored, ...this.#learnAfter(scored) };
    }
  }

  #choose(rollout: number): Trial {
    if (this.#start && rollout === 1) {
      return { rollout, walk: this.#start, source: "start", noise: 0 };
    }
    const { rolloutsMin, exploreEvery } = this.settings;
    if (this.#start && rollout <= rolloutsMin) return this.#explore(rollout);
    const isExploring = exploreEvery > 0 && (rollout - rolloutsMin) % exploreEvery === 0;
    if (isExploring && this.#center) return this.#exploreNearBest(rollout);
    this.#agent.perturb(rollout);
    const walk = this.#environment.walk((state) => this.#agent.act(state));
    return { rollout, walk, source: "agent", noise: this.#agent.noiseAt(rollout) };
  }

  /** What is explored around: the start while nothing has been measured. */
  get #center(): Walk | undefined {
    return this.#best?.walk ?? this.#start;
  }

  #explore(rollout: number): Trial {
    const { randomEvery } = this.settings;
    const random = createRandom(this.#options.seed, STREAMS.exploration, rollout);
    if (randomEvery > 0 && rollout % randomEvery === 0) {
      return { rollout, walk: this.#environment.walk(random), source: "random", noise: 0 };
    }
    return this.#exploreNearBest(rollout, random);
  }

  #exploreNearBest(
    rollout: number,
    random = createRandom(this.#options.seed, STREAMS.exploration, rollout),
  ): Trial {
    const { ratioNoise } = this.settings;
    const walk = exploreAround(this.#environment, this.#center!, ratioNoise, random);
    return { rollout, walk, source: "near best", noise: ratioNoise };
  }

  #keepBest(candidate: ScoredTrial): void {
    const best = this.#best;
    const isBetter = best === undefined || candidate.reward > best.reward ||
      (candidate.reward === best.reward && candidate.loss < best.loss);
    if (isBetter) this.#best = candidate;
  }

  /** Means of the losses, once the agent learns. */
  #learnAfter({ rollout, ...scored }: Rollout | FailedRollout): Partial<LearningLosses> {
    const steps = this.#environment.decided.length;
    const isTooEarly = rollout < this.settings.rolloutsMin || steps === 0;
    if (isTooEarly || "failure" in scored) return {};
    const random = createRandom(this.#options.seed, STREAMS.learning, rollout);
    let [criticLoss, actorLoss] = [0, 0];
    for (let step = 0; step < steps; step++) {
      const losses = this.#agent.learn(random);
      criticLoss += losses.criticLoss / steps;
      actorLoss += losses.actorLoss / steps;
    }
    return { criticLoss, actorLoss };
  }
}
