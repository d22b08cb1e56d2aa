import type { Random } from "../../../../base/mod.ts";

/** Some transitions, row by row. */
export interface TransitionBatch {
  /** s, rows × state size. */
  readonly states: Float64Array;
  /** a. */
  readonly actions: Float64Array;
  /** r. */
  readonly rewards: Float64Array;
  /** s′, rows × state size; of no meaning where `areLast`. */
  readonly nextStates: Float64Array;
  /** 1 where nothing follows, else 0. */
  readonly areLast: Uint8Array;
}

/**
 * Makes room for transitions.
 *
 * @param rows How many.
 * @param stateSize Numbers that describe a state.
 * @returns The batch.
 */
export function createBatch(rows: number, stateSize: number): TransitionBatch {
  return {
    states: new Float64Array(rows * stateSize),
    actions: new Float64Array(rows),
    rewards: new Float64Array(rows),
    nextStates: new Float64Array(rows * stateSize),
    areLast: new Uint8Array(rows),
  };
}

/** The transitions seen last: a ring that forgets the oldest. */
export class Replay {
  readonly #capacity: number;
  readonly #stateSize: number;
  readonly #kept: TransitionBatch;
  #added = 0;

  /**
   * @param capacity The most transitions.
   * @param stateSize Numbers that describe a state.
   */
  constructor(capacity: number, stateSize: number) {
    this.#capacity = capacity;
    this.#stateSize = stateSize;
    this.#kept = createBatch(capacity, stateSize);
  }

  /** How many transitions there are. */
  get length(): number {
    return Math.min(this.#added, this.#capacity);
  }

  /**
   * Adds the transitions of a roll-out.
   *
   * @param states The states, one behind the other.
   * @param actions The action in each.
   * @param reward The reward of all of them.
   */
  addRollout(states: Float64Array, actions: Float64Array, reward: number): void {
    const size = this.#stateSize;
    const kept = this.#kept;
    for (let index = 0; index < actions.length; index++) {
      const slot = this.#added++ % this.#capacity;
      const isLast = index === actions.length - 1;
      const [from, to] = [index * size, slot * size];
      for (let place = 0; place < size; place++) {
        kept.states[to + place] = states[from + place];
        kept.nextStates[to + place] = isLast ? 0 : states[from + size + place];
      }
      kept.actions[slot] = actions[index];
      kept.rewards[slot] = reward;
      kept.areLast[slot] = isLast ? 1 : 0;
    }
  }

  /**
   * Draws transitions, each as likely as the others, with replacement.
   *
   * @param random Source of randomness.
   * @param batch The transitions drawn; overwritten.
   */
  sample(random: Random, batch: TransitionBatch): void {
    const size = this.#stateSize;
    const kept = this.#kept;
    for (let row = 0; row < batch.actions.length; row++) {
      const slot = Math.floor(random() * this.length);
      for (let place = 0; place < size; place++) {
        batch.states[row * size + place] = kept.states[slot * size + place];
        batch.nextStates[row * size + place] = kept.nextStates[slot * size + place];
      }
      batch.actions[row] = kept.actions[slot];
      batch.rewards[row] = kept.rewards[slot];
      batch.areLast[row] = kept.areLast[slot];
    }
  }
}
