/** States that can be gone back to, and forward again until another one is entered. */
export class History<State> {
  #past: readonly State[] = [];
  #current: State;
  #future: readonly State[] = [];

  /** @param first The state at the beginning. */
  constructor(first: State) {
    this.#current = first;
  }

  /** The state as it is. */
  get current(): State {
    return this.#current;
  }

  /**
   * Enters a state; those that were taken back are forgotten.
   *
   * @param state The state.
   */
  enter(state: State): void {
    this.#past = [...this.#past, this.#current];
    this.#current = state;
    this.#future = [];
  }

  /**
   * Goes back to the state before.
   *
   * @returns Whether there is one.
   */
  undo(): boolean {
    if (this.#past.length === 0) return false;
    this.#future = [this.#current, ...this.#future];
    this.#current = this.#past.at(-1)!;
    this.#past = this.#past.slice(0, -1);
    return true;
  }

  /**
   * Goes forward to the state that was left last.
   *
   * @returns Whether there is one.
   */
  redo(): boolean {
    if (this.#future.length === 0) return false;
    this.#past = [...this.#past, this.#current];
    [this.#current, ...this.#future] = this.#future;
    return true;
  }
}
