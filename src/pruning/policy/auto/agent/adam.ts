const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** Adam on flat weights (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1). */
export class Adam {
  readonly #rate: number;
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #step = 0;

  /**
   * @param length How many weights.
   * @param rate Learning rate η.
   */
  constructor(length: number, rate: number) {
    this.#rate = rate;
    this.#mean = new Float64Array(length);
    this.#square = new Float64Array(length);
  }

  /**
   * Takes one step down.
   *
   * @param weights Flat weights; changed.
   * @param gradients Their gradients; cleared.
   */
  update(weights: Float64Array, gradients: Float64Array): void {
    this.#step++;
    const mean = this.#mean, square = this.#square;
    const correction = Math.sqrt(1 - BETA2 ** this.#step);
    const rate = this.#rate * correction / (1 - BETA1 ** this.#step);
    const epsilon = EPSILON * correction;
    for (let index = 0; index < weights.length; index++) {
      const gradient = gradients[index];
      mean[index] = BETA1 * mean[index] + (1 - BETA1) * gradient;
      square[index] = BETA2 * square[index] + (1 - BETA2) * gradient * gradient;
      weights[index] -= rate * mean[index] / (Math.sqrt(square[index]) + epsilon);
    }
    gradients.fill(0);
  }
}
