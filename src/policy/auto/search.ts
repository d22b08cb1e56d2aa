import { withDefaults } from "../../defaults.ts";
import { InputError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { letOthersRun } from "../../turns.ts";
import { Agent, type AgentOptions, type LearningLosses } from "./ddpg.ts";
import { Environment, STATE_SIZE, type Walk } from "./environment.ts";
import { exploreAround } from "./explore.ts";
import { checkRecorded } from "./recorded.ts";
import { rewardOf, type RewardPolicy } from "./reward.ts";
import {
  bestRollouts,
  type Evaluation,
  keyOf,
  type Rollout,
  type RolloutSource,
} from "./rollout.ts";
import { channelsOf, type SearchSpace } from "./search_space.ts";
import { STREAMS } from "./streams.ts";

/** Settings of a search that have defaults. */
export interface SearchSettings {
  /** Roll-outs. */
  readonly rollouts: number;
  /** Roll-outs before the agent learns. */
  readonly rolloutsMin: number;
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

/** Settings that are not given. */
export const SEARCH_DEFAULTS: SearchSettings = {
  rollouts: 200,
  rolloutsMin: 50,
  rewardPolicy: "accuracy",
  noiseTolerance: 0.15,
  ratioNoise: 0.05,
  randomEvery: 10,
  exploreEvery: 2,
};

/** What a search asks for and tells. */
export interface SearchHooks {
  /**
   * Measures a network.
   *
   * @param counts Channels that every unit keeps.
   * @returns How good it is.
   */
  readonly evaluate: (counts: readonly number[]) => Promise<Evaluation>;
  /** The first roll-outs of an earlier search, in order: they are not evaluated again, nor told to `onRollout`. */
  readonly recorded?: readonly (Evaluation & Pick<Rollout, "counts">)[];
  /** Told of every roll-out when the agent has learnt from it. */
  readonly onRollout?: (rollout: Rollout) => void | Promise<void>;
  /** Stops the search between roll-outs. */
  readonly signal?: AbortSignal;
}

/** What a search has found. */
export interface SearchResult {
  /** All roll-outs, in order. */
  readonly rollouts: readonly Rollout[];
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
 * The same seed gives the same search, whatever is recorded of it: every roll-out draws from random streams of its own.
 * Equal counts are evaluated once.
 *
 * @param space What is decided, and what it costs.
 * @param options Settings.
 * @param hooks How networks are evaluated.
 * @returns All roll-outs and the best.
 * @throws {InputError} When the budget cannot be reached, or the recorded roll-outs are not those of this search.
 * @throws {TypeError} When the space or the start makes no sense.
 */
export async function searchCounts(
  space: SearchSpace,
  options: SearchOptions,
  hooks: SearchHooks,
): Promise<SearchResult> {
  const search = new Search(space, options, hooks);
  const rollouts: Rollout[] = [];
  while (rollouts.length < search.settings.rollouts) {
    await letOthersRun();
    hooks.signal?.throwIfAborted();
    const number = rollouts.length + 1;
    const rollout = await search.rollOut(number);
    if (number > (hooks.recorded?.length ?? 0)) await hooks.onRollout?.(rollout);
    rollouts.push(rollout);
  }
  return { rollouts, best: bestRollouts(rollouts, 1)[0] };
}

function checkSettings({ rollouts, rolloutsMin, ratioNoise }: SearchSettings): void {
  const wanted: [string, number, string, boolean][] = [
    ["roll-outs", rollouts, "a whole number above 0", Number.isInteger(rollouts) && rollouts > 0],
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

/** What a roll-out tries. */
interface Step {
  readonly walk: Walk;
  readonly source: RolloutSource;
  readonly noise: number;
}

/** A walk and what came of it. */
interface Judged {
  readonly walk: Walk;
  readonly reward: number;
  readonly loss: number;
}

/** A search between two roll-outs. */
class Search {
  readonly settings: SearchSettings;
  readonly #space: SearchSpace;
  readonly #options: SearchOptions;
  readonly #hooks: SearchHooks;
  readonly #environment: Environment;
  readonly #agent: Agent;
  readonly #start: Walk | undefined;
  readonly #evaluated = new Map<string, Evaluation>();
  #best: Judged | undefined;

  constructor(space: SearchSpace, options: SearchOptions, hooks: SearchHooks) {
    const { share, seed, start, agent, ...settings } = options;
    this.settings = withDefaults(settings, SEARCH_DEFAULTS);
    checkSettings(this.settings);
    const { rollouts, rewardPolicy } = this.settings;
    this.#space = space;
    this.#options = options;
    this.#hooks = hooks;
    const isBounded = rewardPolicy === "accuracy";
    this.#environment = new Environment(space, { share, isBounded, start });
    this.#agent = new Agent({ stateSize: STATE_SIZE, rollouts, seed }, agent);
    this.#start = start && this.#environment.retrace(start);
  }

  async rollOut(rollout: number): Promise<Rollout> {
    const { walk, source, noise } = this.#choose(rollout);
    const { rewardPolicy, noiseTolerance } = this.settings;
    const { error, loss, accuracy } = await this.#evaluate(rollout, walk.counts);
    const reward = rewardOf(rewardPolicy, { error, cost: walk.cost }, noiseTolerance);
    this.#agent.remember(walk, reward);
    this.#keepBest({ walk, reward, loss });
    return {
      rollout,
      source,
      counts: walk.counts,
      ratios: walk.counts.map((count, unit) => count / channelsOf(this.#space.units[unit])),
      cost: walk.cost / this.#environment.budget.whole,
      error,
      loss,
      ...(accuracy !== undefined && { accuracy }),
      reward,
      noise,
      ...this.#learnFrom(rollout),
    };
  }

  #choose(rollout: number): Step {
    if (this.#start && rollout === 1) return { walk: this.#start, source: "start", noise: 0 };
    const { rolloutsMin, exploreEvery } = this.settings;
    if (this.#start && rollout <= rolloutsMin) return this.#explore(rollout);
    const isExploring = exploreEvery > 0 && (rollout - rolloutsMin) % exploreEvery === 0;
    if (isExploring && rollout > 1) return this.#exploreNearBest(rollout);
    this.#agent.perturb(rollout);
    const walk = this.#environment.walk((state) => this.#agent.act(state));
    return { walk, source: "agent", noise: this.#agent.noiseAt(rollout) };
  }

  #explore(rollout: number): Step {
    const { randomEvery } = this.settings;
    const random = createRandom(this.#options.seed, STREAMS.exploration, rollout);
    if (randomEvery > 0 && rollout % randomEvery === 0) {
      return { walk: this.#environment.walk(random), source: "random", noise: 0 };
    }
    return this.#exploreNearBest(rollout, random);
  }

  #exploreNearBest(
    rollout: number,
    random = createRandom(this.#options.seed, STREAMS.exploration, rollout),
  ): Step {
    const { ratioNoise } = this.settings;
    const walk = exploreAround(this.#environment, this.#best!.walk, ratioNoise, random);
    return { walk, source: "near best", noise: ratioNoise };
  }

  async #evaluate(rollout: number, counts: readonly number[]): Promise<Evaluation> {
    const key = keyOf(counts);
    const recorded = this.#hooks.recorded?.[rollout - 1];
    if (recorded) checkRecorded(recorded.counts, counts, rollout);
    const evaluation = recorded ?? this.#evaluated.get(key) ?? await this.#hooks.evaluate(counts);
    this.#evaluated.set(key, evaluation);
    return evaluation;
  }

  #keepBest(candidate: Judged): void {
    const best = this.#best;
    const isBetter = best === undefined || candidate.reward > best.reward ||
      (candidate.reward === best.reward && candidate.loss < best.loss);
    if (isBetter) this.#best = candidate;
  }

  /** Means of the losses, once the agent learns. */
  #learnFrom(rollout: number): Partial<LearningLosses> {
    const steps = this.#environment.decided.length;
    if (rollout < this.settings.rolloutsMin || steps === 0) return {};
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
