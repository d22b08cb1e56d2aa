/** Adds up the wall time of named stages. */
export class Stopwatch {
  readonly #start = performance.now();
  readonly #seconds = new Map<string, number>();

  /**
   * Runs something and adds its time to a stage.
   *
   * @param stage Name of the stage.
   * @param work What to run.
   * @returns What it gives.
   */
  async time<Result>(stage: string, work: () => Result | Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - start) / 1000;
      this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + seconds);
    }
  }

  /** Seconds spent on a stage so far. */
  seconds(stage: string): number {
    return this.#seconds.get(stage) ?? 0;
  }

  /** Seconds since the stopwatch was made. */
  get total(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
