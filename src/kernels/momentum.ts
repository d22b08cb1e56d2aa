import type * as tf from "@tensorflow/tfjs";
import type { Kernels } from "./load.ts";

/** Settings of {@link momentumStep}. */
export interface MomentumSettings {
  /** η. */
  readonly learningRate: number;
  /** μ, the share of the velocity that is kept; 0 is plain gradient descent. */
  readonly momentum: number;
  /** λ, the share of the weight that is added to its gradient; 0 by default. */
  readonly weightDecay?: number;
  /** Whether the step looks ahead along the velocity (Nesterov); by default it does not. */
  readonly nesterov?: boolean;
}

/**
 * Checks that tensors fit a weight and are float32.
 *
 * @param weight The weight.
 * @param others Tensors by name, which need its shape.
 * @throws {TypeError} When one does not fit.
 */
export function checkStep(weight: tf.Variable, others: Record<string, tf.Tensor>): void {
  for (const [name, { shape, dtype }] of Object.entries({ weight, ...others })) {
    if (dtype !== "float32" || shape.join() !== weight.shape.join()) {
      throw new TypeError(
        `update ${weight.name}: ${name} is ${dtype} of shape ${shape.join("×")}, ` +
          `wanted float32 of shape ${weight.shape.join("×")}`,
      );
    }
  }
}

/**
 * One step of stochastic gradient descent with momentum, in place on the memory of the weight and its velocity:
 *
 *     v ← μv + g + λw,     w ← w − ηv,     or with Nesterov's look-ahead     w ← w − η(g + λw + μv)
 *
 * A tensor that shares the weight's values, a clone of it say, keeps them as they were.
 *
 * @param kernels The kernels.
 * @param weight w.
 * @param velocity v, zeros before the first step.
 * @param gradient g.
 * @param settings η, μ, λ and the look-ahead.
 * @throws {TypeError} When shapes or types differ.
 */
export function momentumStep(
  kernels: Kernels,
  weight: tf.Variable,
  velocity: tf.Variable,
  gradient: tf.Tensor,
  { learningRate, momentum, weightDecay = 0, nesterov = false }: MomentumSettings,
): void {
  checkStep(weight, { velocity, gradient });
  const { memory, wasm } = kernels;
  wasm.momentumStep(
    memory.ownPointer(weight),
    memory.ownPointer(velocity),
    memory.tensorPointer(gradient),
    weight.size,
    learningRate,
    momentum,
    weightDecay,
    nesterov,
  );
}
