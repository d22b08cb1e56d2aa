import * as tf from "@tensorflow/tfjs";
import { joinHalves, type Kernels, MomentAccumulator, type Moments } from "../../kernels/mod.ts";

/** Adds up a layer's moments, those of either half of the images by themselves, on the backend's heap. */
export class HalvedSums {
  readonly #halves: readonly [MomentAccumulator, MomentAccumulator];

  /**
   * Reserves the sums, all zero.
   *
   * @param kernels The kernels.
   * @param size Columns of X and of Y.
   */
  constructor(kernels: Kernels, { inputs, outputs }: { inputs: number; outputs: number }) {
    const first = new MomentAccumulator(kernels, inputs, outputs);
    try {
      this.#halves = [first, new MomentAccumulator(kernels, inputs, outputs)];
    } catch (error) {
      first.dispose();
      throw error;
    }
  }

  /**
   * Adds a batch.
   *
   * @param x Inputs, P × d.
   * @param y Outputs, P × n.
   * @param share Share of the rows, the first ones, that belong to the first half.
   */
  accumulate(x: tf.Tensor2D, y: tf.Tensor2D, share: number): void {
    const rows = Math.round(share * x.shape[0]);
    const parts = [[0, rows], [rows, x.shape[0] - rows]];
    for (const [half, [from, count]] of parts.entries()) {
      if (count === 0) continue;
      tf.tidy(() => this.#halves[half].accumulate(x.slice(from, count), y.slice(from, count)));
    }
  }

  /** The moments so far, with those of the first half. */
  read(): Moments {
    const [first, second] = this.#halves;
    return joinHalves(first.read(), second.read());
  }

  /** Gives the memory back; calling it again does nothing. */
  dispose(): void {
    this.#halves.forEach((half) => half.dispose());
  }
}
