import type { Random } from "../../../../base/mod.ts";
import { DenseNetwork, initializeWeights, type LayerWeights } from "./dense_network.ts";

/** What an actor or a critic is made for. */
export interface AgentShape {
  /** Numbers that describe a state. */
  readonly stateSize: number;
  /** Units of every hidden layer. */
  readonly width: number;
  /** The most rows of a batch. */
  readonly batch: number;
}

/** Weights, or their gradients: one array, and its parts by name. */
export interface ActorWeights {
  /** All of them. */
  readonly flat: Float64Array;
  /** Views of them. */
  readonly layers: readonly LayerWeights[];
}

/** The policy a = π(s): two hidden layers and a sigmoid. */
export class Actor {
  readonly #network: DenseNetwork;
  readonly #actions: Float64Array;
  readonly #logitGradient: Float64Array;

  constructor({ stateSize, width, batch }: AgentShape) {
    this.#network = new DenseNetwork({ widths: [stateSize, width, width], outputs: 1, batch });
    this.#actions = new Float64Array(batch);
    this.#logitGradient = new Float64Array(batch);
  }

  /** Makes weights, all 0. */
  createWeights(): ActorWeights {
    const flat = new Float64Array(this.#network.weightCount);
    return { flat, layers: this.#network.layOut(flat) };
  }

  /** Draws first weights. */
  initialize({ layers }: ActorWeights, random: Random): void {
    initializeWeights(layers, random);
  }

  /**
   * a = π(s), in (0, 1).
   *
   * @param weights Weights.
   * @param states s, rows × state size.
   * @param rows Rows.
   * @returns a of every row, in a buffer that the next forward pass overwrites.
   */
  forward({ layers }: ActorWeights, states: Float64Array, rows: number): Float64Array {
    const logits = this.#network.forward(layers, states, rows);
    for (let row = 0; row < rows; row++) this.#actions[row] = 1 / (1 + Math.exp(-logits[row]));
    return this.#actions;
  }

  /**
   * The way back through the last {@link forward}.
   *
   * @param weights The weights it was given.
   * @param actionGradient ∂L/∂a of every row.
   * @param rows Its rows.
   * @param into Gradients of the weights; added to.
   * @returns ∂L/∂s, rows × state size.
   */
  backward(
    { layers }: ActorWeights,
    actionGradient: Float64Array,
    rows: number,
    into: ActorWeights,
  ): Float64Array {
    for (let row = 0; row < rows; row++) {
      const action = this.#actions[row];
      this.#logitGradient[row] = actionGradient[row] * action * (1 - action);
    }
    return this.#network.backward(layers, this.#logitGradient, rows, into.layers);
  }
}
