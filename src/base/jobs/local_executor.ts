import type { Executor, Job, JobHandlers, JobOutcome, RunHooks } from "./job.ts";

/** Does jobs in this process, one after the other, with a context that is open already and stays open. */
export class LocalExecutor<Context> implements Executor {
  /** What failed here would fail again. */
  readonly attempts = 1;
  readonly #handlers: JobHandlers<Context>;
  readonly #context: Context;

  /**
   * Opens nothing.
   *
   * @param handlers The functions that do the jobs, by kind.
   * @param context What with.
   */
  constructor(handlers: JobHandlers<Context>, context: Context) {
    this.#handlers = handlers;
    this.#context = context;
  }

  /** Does jobs in order. */
  async run<Output>(
    jobs: readonly Job[],
    { onEnd, onProgress, signal }: RunHooks<Output> = {},
  ): Promise<JobOutcome<Output>[]> {
    const known = new Map<string, JobOutcome<Output>>();
    const outcomes: JobOutcome<Output>[] = [];
    for (const [index, job] of jobs.entries()) {
      const name = JSON.stringify([job.kind, job.key]);
      const outcome = known.get(name) ??
        await this.#do<Output>(job, (share) => onProgress?.(index, share), signal);
      known.set(name, outcome);
      outcomes.push(outcome);
      onEnd?.(index, outcome);
    }
    return outcomes;
  }

  /** Nothing was opened here. */
  async close(): Promise<void> {}

  async #do<Output>(
    { kind, input }: Job,
    onProgress: (share: number) => void,
    signal?: AbortSignal,
  ): Promise<JobOutcome<Output>> {
    signal?.throwIfAborted();
    try {
      const output = await this.#handlers[kind](this.#context, input, { onProgress, signal });
      return { status: "done", output: output as Output };
    } catch (error) {
      signal?.throwIfAborted();
      return {
        status: "failed",
        error: error instanceof Error ? error : new Error(String(error)),
        attempts: this.attempts,
      };
    }
  }
}
