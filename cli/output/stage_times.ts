/** Adds up how long the stages of a command take, as its progress tells them. */
export class StageTimes {
  readonly #seconds = new Map<string, number>();
  #stage: string | undefined;
  #began = 0;

  /** A stage begins, and the one before it ends; the same one goes on. */
  enter(stage: string): void {
    if (stage === this.#stage) return;
    this.end();
    this.#stage = stage;
    this.#began = performance.now();
  }

  /** The last stage ends. */
  end(): void {
    if (this.#stage === undefined) return;
    const seconds = (performance.now() - this.#began) / 1000;
    this.#seconds.set(this.#stage, (this.#seconds.get(this.#stage) ?? 0) + seconds);
    this.#stage = undefined;
  }

  /** Seconds by stage, in the order in which they began. */
  get seconds(): ReadonlyMap<string, number> {
    return this.#seconds;
  }
}

/** Those of this process. */
export const stageTimes = new StageTimes();
