import { createRandom, InputError, type Random, withDefaults } from "../../../../base/mod.ts";
import { Actor, type ActorWeights } from "./actor.ts";
import { Adam } from "./adam.ts";
import { Critic, type CriticWeights } from "./critic.ts";
import { perturbWeights } from "./dense_network.ts";
import type { Walk } from "../environment.ts";
import { createBatch, Replay, type TransitionBatch } from "./replay.ts";
import { STREAMS } from "../streams.ts";

/**
 * Settings of the agent of a search, which learns by deep deterministic policy gradient (Lillicrap et al. 2015, arXiv
 * 1509.02971).
 */
export interface AgentOptions {
  /** Number of units in every hidden layer. */
  readonly width: number;
  /** Adam's learning rate for actor and critic. */
  readonly learningRate: number;
  /** γ, the discount: what a reward counts one decision earlier. */
  readonly discount: number;
  /** τ: the share of the way that the target networks follow actor and critic in a step. */
  readonly targetRate: number;
  /** Number of transitions that are learnt from in a step. */
  readonly batchSize: number;
  /** Standard deviation of the noise on the actor's weights in the first roll-out. */
  readonly noiseFirst: number;
  /** The same in the last roll-out; it falls geometrically. */
  readonly noiseLast: number;
  /** The share of the reward baseline, a moving average, that stays when a roll-out ends. */
  readonly baselineDecay: number;
  /** The most transitions that are remembered. */
  readonly replayCapacity: number;
}

/** What the agent of a search (`auto`) uses where a setting is not given. */
export const AGENT_DEFAULTS: AgentOptions = {
  width: 64,
  learningRate: 1e-3,
  discount: 0.9,
  targetRate: 0.01,
  batchSize: 64,
  noiseFirst: 1,
  noiseLast: 1e-5,
  baselineDecay: 0.95,
  replayCapacity: 10_000,
};

/** What an agent is made for. */
export interface AgentTask {
  /** Numbers that describe a state. */
  readonly stateSize: number;
  /** Roll-outs over which the noise falls. */
  readonly rollouts: number;
  /** Seed of everything random. */
  readonly seed: number;
}

/** Losses of critic and actor in a step of learning. */
export interface LearningLosses {
  /** Mean of (Q(s, a) − y)². */
  readonly criticLoss: number;
  /** Mean of −Q(s, π(s)). */
  readonly actorLoss: number;
}

/**
 * Deep deterministic policy gradient (Lillicrap et al. 2015, arXiv 1509.02971, algorithm 1) with noise on the actor's
 * weights (Plappert et al. 2018, arXiv 1706.01905, section 3) in place of noise on its actions.
 *
 * All transitions of a roll-out carry its reward R. What is learnt from is R − b, with b the moving average of the rewards
 * at the time of learning: an old roll-out is scored by today's measure.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #task: AgentTask;
  readonly #actor: Actor;
  readonly #critic: Critic;
  readonly #policy: Learner<ActorWeights>;
  readonly #value: Learner<CriticWeights>;
  readonly #perturbed: ActorWeights;
  readonly #replay: Replay;
  readonly #batch: TransitionBatch;
  readonly #targets: Float64Array;
  readonly #valueGradient: Float64Array;
  #baseline: number | undefined;

  /**
   * @param task What it is made for.
   * @param options Settings.
   * @throws {InputError} When a setting makes no sense.
   */
  constructor(task: AgentTask, options: Partial<AgentOptions> = {}) {
    this.#options = withDefaults(options, AGENT_DEFAULTS);
    checkOptions(this.#options);
    this.#task = task;
    const { width, batchSize: batch, learningRate, replayCapacity } = this.#options;
    const { stateSize, seed } = task;
    this.#actor = new Actor({ stateSize, width, batch });
    this.#critic = new Critic({ stateSize, width, batch });
    this.#policy = createLearner(() => this.#actor.createWeights(), learningRate);
    this.#value = createLearner(() => this.#critic.createWeights(), learningRate);
    this.#actor.initialize(this.#policy.weights, createRandom(seed, STREAMS.actor));
    this.#critic.initialize(this.#value.weights, createRandom(seed, STREAMS.critic));
    for (const { weights, target } of [this.#policy, this.#value]) target.flat.set(weights.flat);
    this.#perturbed = this.#actor.createWeights();
    this.#replay = new Replay(replayCapacity, stateSize);
    this.#batch = createBatch(batch, stateSize);
    this.#targets = new Float64Array(batch);
    this.#valueGradient = new Float64Array(batch);
  }

  /** The moving average of the rewards; 0 before the first. */
  get baseline(): number {
    return this.#baseline ?? 0;
  }

  /**
   * Standard deviation of the noise in a roll-out: first^(1 − p) · last^p, p = (rollout − 1) / (rollouts − 1).
   *
   * @param rollout Number of the roll-out, from 1.
   */
  noiseAt(rollout: number): number {
    const { noiseFirst, noiseLast } = this.#options;
    const part = (rollout - 1) / Math.max(1, this.#task.rollouts - 1);
    return noiseFirst ** (1 - part) * noiseLast ** part;
  }

  /**
   * Draws the perturbed copy of the actor that acts in a roll-out.
   *
   * @param rollout Number of the roll-out, from 1.
   */
  perturb(rollout: number): void {
    const random = createRandom(this.#task.seed, STREAMS.noise, rollout);
    const { layers } = this.#policy.weights;
    perturbWeights(layers, this.noiseAt(rollout), random, this.#perturbed.layers);
  }

  /**
   * What the perturbed copy does.
   *
   * @param state The state.
   * @returns An action in (0, 1).
   */
  act(state: Float64Array): number {
    return this.#actor.forward(this.#perturbed, state, 1)[0];
  }

  /**
   * Remembers a roll-out and moves the baseline.
   *
   * @param walk What was done.
   * @param reward What came of it.
   */
  remember({ states, actions }: Walk, reward: number): void {
    this.#replay.addRollout(states, actions, reward);
    const { baselineDecay } = this.#options;
    this.#baseline = this.#baseline === undefined
      ? reward
      : baselineDecay * this.#baseline + (1 - baselineDecay) * reward;
  }

  /**
   * Takes a step with one batch: the critic, then the actor, then their targets.
   *
   * @param random Draws the batch.
   * @returns The losses before the step.
   * @throws {RangeError} When there is nothing to learn from.
   */
  learn(random: Random): LearningLosses {
    if (this.#replay.length === 0) {
      throw new RangeError("learn: found no transition, wanted a roll-out to be remembered first");
    }
    this.#replay.sample(random, this.#batch);
    const criticLoss = this.#learnValue();
    const actorLoss = this.#learnPolicy();
    follow(this.#value, this.#options.targetRate);
    follow(this.#policy, this.#options.targetRate);
    return { criticLoss, actorLoss };
  }

  /** L = mean (Q(s, a) − y)², y = R − b + γ · Q′(s′, π′(s′)), the last part only where something follows. */
  #learnValue(): number {
    const { states, actions, rewards, nextStates, areLast } = this.#batch;
    const { discount, batchSize } = this.#options;
    const nextActions = this.#actor.forward(this.#policy.target, nextStates, batchSize);
    const next = this.#critic.forward(this.#value.target, nextStates, nextActions, batchSize);
    for (let row = 0; row < batchSize; row++) {
      const later = areLast[row] === 1 ? 0 : discount * next[row];
      this.#targets[row] = rewards[row] - this.baseline + later;
    }
    const { weights, gradients, optimizer } = this.#value;
    const values = this.#critic.forward(weights, states, actions, batchSize);
    let loss = 0;
    for (let row = 0; row < batchSize; row++) {
      const difference = values[row] - this.#targets[row];
      loss += difference * difference / batchSize;
      this.#valueGradient[row] = 2 * difference / batchSize;
    }
    this.#critic.backward(weights, this.#valueGradient, batchSize, gradients);
    optimizer.update(weights.flat, gradients.flat);
    return loss;
  }

  /** L = mean −Q(s, π(s)), by way of ∂Q/∂a (Lillicrap et al. 2015, eq. 6). */
  #learnPolicy(): number {
    const { states } = this.#batch;
    const { batchSize } = this.#options;
    const { weights, gradients, optimizer } = this.#policy;
    const actions = this.#actor.forward(weights, states, batchSize);
    const values = this.#critic.forward(this.#value.weights, states, actions, batchSize);
    let loss = 0;
    for (let row = 0; row < batchSize; row++) loss -= values[row] / batchSize;
    this.#valueGradient.fill(-1 / batchSize);
    const actionGradient = this.#critic.backwardActions(
      this.#value.weights,
      this.#valueGradient,
      batchSize,
    );
    this.#actor.backward(weights, actionGradient, batchSize, gradients);
    optimizer.update(weights.flat, gradients.flat);
    return loss;
  }
}

function checkOptions({ width, batchSize, replayCapacity, ...others }: AgentOptions): void {
  for (const [name, size] of Object.entries({ width, batchSize, replayCapacity })) {
    if (Number.isInteger(size) && size > 0) continue;
    throw new InputError(
      `making an agent: found ${size} as ${name}, wanted a whole number above 0; give one`,
    );
  }
  for (const [name, value] of Object.entries(others)) {
    if (value >= 0 && value < Infinity) continue;
    throw new InputError(
      `making an agent: found ${value} as ${name}, wanted 0 or more; give such a number`,
    );
  }
}

/** Weights and what moves them. */
interface Learner<Weights extends { readonly flat: Float64Array }> {
  readonly weights: Weights;
  readonly target: Weights;
  readonly gradients: Weights;
  readonly optimizer: Adam;
}

function createLearner<Weights extends { readonly flat: Float64Array }>(
  createWeights: () => Weights,
  learningRate: number,
): Learner<Weights> {
  const [weights, target, gradients] = [createWeights(), createWeights(), createWeights()];
  return { weights, target, gradients, optimizer: new Adam(weights.flat.length, learningRate) };
}

/** target ← target + τ · (weights − target). */
function follow(
  { weights, target }: Learner<{ readonly flat: Float64Array }>,
  rate: number,
): void {
  const from = weights.flat, to = target.flat;
  for (let index = 0; index < to.length; index++) to[index] += rate * (from[index] - to[index]);
}
