import type { Random } from "../../../../base/mod.ts";
import type { AgentShape } from "./actor.ts";
import { DenseNetwork, initializeWeights, type LayerWeights } from "./dense_network.ts";

/** Weights, or their gradients: one array, and its parts by name. */
export interface CriticWeights {
  /** All of them. */
  readonly flat: Float64Array;
  /** Views of those in front of the action. */
  readonly trunk: readonly LayerWeights[];
  /** Views of those behind it. */
  readonly head: readonly LayerWeights[];
}

/**
 * The value Q(s, a): a hidden layer on the state, then the action is joined to it, two more hidden layers, one number
 * (Lillicrap et al. 2015, section 7: actions enter at the second layer).
 *
 *     s ─ trunk ─┐
 *                ├─ join ─ head ─ Q
 *     a ─────────┘
 */
export class Critic {
  readonly #width: number;
  readonly #trunk: DenseNetwork;
  readonly #head: DenseNetwork;
  readonly #joined: Float64Array;
  readonly #trunkGradient: Float64Array;
  readonly #actionGradient: Float64Array;

  constructor({ stateSize, width, batch }: AgentShape) {
    this.#width = width;
    this.#trunk = new DenseNetwork({ widths: [stateSize, width], batch });
    this.#head = new DenseNetwork({ widths: [width + 1, width, width], outputs: 1, batch });
    this.#joined = new Float64Array(batch * (width + 1));
    this.#trunkGradient = new Float64Array(batch * width);
    this.#actionGradient = new Float64Array(batch);
  }

  /** Makes weights, all 0. */
  createWeights(): CriticWeights {
    const trunkLength = this.#trunk.weightCount;
    const flat = new Float64Array(trunkLength + this.#head.weightCount);
    const trunk = this.#trunk.layOut(flat.subarray(0, trunkLength));
    return { flat, trunk, head: this.#head.layOut(flat.subarray(trunkLength)) };
  }

  /** Draws first weights. */
  initialize({ trunk, head }: CriticWeights, random: Random): void {
    initializeWeights(trunk, random);
    initializeWeights(head, random);
  }

  /**
   * Q(s, a).
   *
   * @param weights Weights.
   * @param states s, rows × state size.
   * @param actions a of every row.
   * @param rows Rows.
   * @returns Q of every row, in a buffer that the next forward pass overwrites.
   */
  forward(
    { trunk, head }: CriticWeights,
    states: Float64Array,
    actions: Float64Array,
    rows: number,
  ): Float64Array {
    const width = this.#width;
    const hidden = this.#trunk.forward(trunk, states, rows);
    for (let row = 0; row < rows; row++) {
      const start = row * (width + 1);
      for (let unit = 0; unit < width; unit++) {
        this.#joined[start + unit] = hidden[row * width + unit];
      }
      this.#joined[start + width] = actions[row];
    }
    return this.#head.forward(head, this.#joined, rows);
  }

  /**
   * The way back through the last {@link forward} to the weights.
   *
   * @param weights The weights it was given.
   * @param valueGradient ∂L/∂Q of every row.
   * @param rows Its rows.
   * @param into Gradients of the weights; added to.
   * @returns ∂L/∂s, rows × state size.
   */
  backward(
    { trunk, head }: CriticWeights,
    valueGradient: Float64Array,
    rows: number,
    into: CriticWeights,
  ): Float64Array {
    const width = this.#width;
    const gradient = this.#head.backward(head, valueGradient, rows, into.head);
    for (let row = 0; row < rows; row++) {
      const start = row * (width + 1);
      for (let unit = 0; unit < width; unit++) {
        this.#trunkGradient[row * width + unit] = gradient[start + unit];
      }
    }
    return this.#trunk.backward(trunk, this.#trunkGradient, rows, into.trunk);
  }

  /**
   * The way back through the last {@link forward} to the actions alone.
   *
   * @param weights The weights it was given.
   * @param valueGradient ∂L/∂Q of every row.
   * @param rows Its rows.
   * @returns ∂L/∂a of every row, in a buffer that the next call overwrites.
   */
  backwardActions(
    { head }: CriticWeights,
    valueGradient: Float64Array,
    rows: number,
  ): Float64Array {
    const gradient = this.#head.backward(head, valueGradient, rows);
    const columns = this.#width + 1;
    for (let row = 0; row < rows; row++) {
      this.#actionGradient[row] = gradient[row * columns + this.#width];
    }
    return this.#actionGradient;
  }
}
