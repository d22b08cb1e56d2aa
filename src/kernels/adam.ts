import type * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";
import { checkStep } from "./momentum.ts";

/** Moving averages that Adam keeps for a weight, zeros before the first step. */
export interface AdamMoments {
  /** m, of the gradient. */
  readonly first: tf.Variable;
  /** v, of its square. */
  readonly second: tf.Variable;
}

/** Settings of {@link adamStep}. */
export interface AdamSettings {
  /** η. */
  readonly learningRate: number;
  /** t, 1 for the first step of the weight. */
  readonly step: number;
  /** β₁, 0.9 by default. */
  readonly beta1?: number;
  /** β₂, 0.999 by default. */
  readonly beta2?: number;
  /** ε, 1e-7 by default, as in tfjs. */
  readonly epsilon?: number;
  /** λ, the share of the weight that is added to its gradient; 0 by default. */
  readonly weightDecay?: number;
}

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1), in place on the memory of the weight and its moments. With
 * h = g + λw:
 *
 *     m ← β₁m + (1 − β₁)h,   v ← β₂v + (1 − β₂)h²,   w ← w − η · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)
 *
 * A tensor that shares the weight's values, a clone of it say, keeps them as they were.
 *
 * @param kernels The kernels.
 * @param weight w.
 * @param moments m and v.
 * @param gradient g.
 * @param settings η, t, β₁, β₂, ε and λ.
 * @throws {TypeError} When shapes or types differ.
 * @throws {RangeError} When the step is below 1.
 */
export function adamStep(
  kernels: Kernels,
  weight: tf.Variable,
  moments: AdamMoments,
  gradient: tf.Tensor,
  settings: AdamSettings,
): void {
  const { learningRate, step, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = settings;
  const { first, second } = moments;
  checkStep(weight, { "first moment": first, "second moment": second, gradient });
  if (!(step >= 1)) throw new RangeError(`update ${weight.name}: step ${step}, wanted 1 or more`);
  const { memory, wasm } = kernels;
  wasm.adamStep(
    memory.ownPointer(weight),
    memory.ownPointer(first),
    memory.ownPointer(second),
    memory.tensorPointer(gradient),
    weight.size,
    learningRate,
    beta1,
    beta2,
    epsilon,
    1 / (1 - beta1 ** step),
    1 / (1 - beta2 ** step),
    settings.weightDecay ?? 0,
  );
}
