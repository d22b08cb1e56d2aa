import type { ParameterLayout } from "./parameters.ts";

/**
 * Which rule updates the weights: SGD with momentum (Sutskever et al. 2013), or Adam (Kingma and Ba 2015, arXiv
 * 1412.6980).
 */
export type OptimizerName = "momentum" | "adam";

/** Settings of an optimizer. */
export interface OptimizerOptions {
  /** The rule. */
  readonly optimizer: OptimizerName;
  /** Share of the velocity that is kept in every step; for `momentum` alone. */
  readonly momentum: number;
  /** λ of weight decay: λ · kernel is added to the gradient; BatchNormalization and biases are left out. */
  readonly weightDecay: number;
}

const [ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON] = [0.9, 0.999, 1e-8];

/**
 * Updates flat weights in place.
 *
 * Momentum: v ← m·v + g + λw, w ← w − η·v (Sutskever et al. 2013, as PyTorch has it). Adam: Kingma and Ba 2015,
 * algorithm 1, with λw added to the gradient.
 */
export class Optimizer {
  /** Velocity, or Adam's two moments one behind the other; part of a checkpoint. */
  readonly state: Float32Array;
  readonly #layout: ParameterLayout;
  readonly #options: OptimizerOptions;

  /**
   * @param layout The network's weights.
   * @param options The rule.
   * @param state State of an earlier optimizer, to go on from.
   */
  constructor(layout: ParameterLayout, options: OptimizerOptions, state?: Float32Array) {
    const copies = options.optimizer === "adam" ? 2 : 1;
    this.#layout = layout;
    this.#options = options;
    this.state = state ?? new Float32Array(copies * layout.trainedLength);
  }

  /**
   * Takes one step.
   *
   * @param weights Flat weights; changed.
   * @param gradients Flat gradients.
   * @param learningRate η.
   * @param step Number of the step, from 1.
   */
  update(
    weights: Float32Array,
    gradients: Float32Array,
    learningRate: number,
    step: number,
  ): void {
    for (const { offset, length, decays } of this.#layout.trained) {
      const decay = decays ? this.#options.weightDecay : 0;
      const end = offset + length;
      if (this.#options.optimizer === "adam") {
        this.#adam(weights, gradients, { offset, end, decay, learningRate, step });
      } else {
        const { state } = this;
        const { momentum } = this.#options;
        for (let i = offset; i < end; i++) {
          state[i] = momentum * state[i] + gradients[i] + decay * weights[i];
          weights[i] -= learningRate * state[i];
        }
      }
    }
  }

  #adam(
    weights: Float32Array,
    gradients: Float32Array,
    range: { offset: number; end: number; decay: number; learningRate: number; step: number },
  ): void {
    const { offset, end, decay, learningRate, step } = range;
    const { state } = this;
    const second = this.#layout.trainedLength;
    const rate = learningRate * Math.sqrt(1 - ADAM_BETA2 ** step) / (1 - ADAM_BETA1 ** step);
    for (let i = offset; i < end; i++) {
      const gradient = gradients[i] + decay * weights[i];
      state[i] = ADAM_BETA1 * state[i] + (1 - ADAM_BETA1) * gradient;
      state[second + i] = ADAM_BETA2 * state[second + i] + (1 - ADAM_BETA2) * gradient ** 2;
      weights[i] -= rate * state[i] / (Math.sqrt(state[second + i]) + ADAM_EPSILON);
    }
  }
}
