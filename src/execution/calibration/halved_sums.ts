import * as tf from "@tensorflow/tfjs";
import { type Kernels, MomentAccumulator, type MomentParts } from "../../kernels/mod.ts";
import type { LayerSize } from "./sample_sums.ts";

/**
 * Adds up a layer's moments, those of either half of the images by themselves, on the backend's heap. A half of which
 * nothing comes takes no memory.
 */
export class HalvedSums {
  readonly #kernels: Kernels;
  readonly #size: LayerSize;
  readonly #halves: [MomentAccumulator?, MomentAccumulator?] = [];

  /**
   * @param kernels The kernels.
   * @param size Columns of X and of Y.
   */
  constructor(kernels: Kernels, size: LayerSize) {
    this.#kernels = kernels;
    this.#size = size;
  }

  /**
   * Adds a batch.
   *
   * @param x Inputs, P × d.
   * @param y Outputs, P × n.
   * @param share Share of the rows, the first ones, that belong to the first half.
   */
  accumulate(x: tf.Tensor2D, y: tf.Tensor2D, share: number): void {
    const all = x.shape[0], rows = Math.round(share * all);
    for (const [half, [from, count]] of [[0, rows], [rows, all - rows]].entries()) {
      if (count === 0) continue;
      const sums = this.#sumsOf(half);
      if (count === all) sums.accumulate(x, y);
      else tf.tidy(() => sums.accumulate(x.slice(from, count), y.slice(from, count)));
    }
  }

  #sumsOf(half: number): MomentAccumulator {
    const { inputs, outputs } = this.#size;
    return this.#halves[half] ??= new MomentAccumulator(this.#kernels, inputs, outputs);
  }

  /** The moments so far. */
  read(): MomentParts {
    const [first, second] = this.#halves;
    return { first: first?.read(), second: second?.read() };
  }

  /** Gives the memory back; calling it again does nothing. */
  dispose(): void {
    this.#halves.forEach((half) => half?.dispose());
  }
}
