/** Work that can be done anywhere: plain data in, plain data out. */
export interface Job<Input = unknown> {
  /** Which handler does it. */
  readonly kind: string;
  /**
   * Names the work among the jobs of its kind: those of one key have one answer, so that a job which is delivered twice
   * does no harm.
   */
  readonly key: string;
  /** What the handler is given: plain data, as JSON writes it. */
  readonly input: Input;
}

/** What became of a job. */
export type JobOutcome<Output> =
  | { readonly status: "done"; readonly output: Output }
  | { readonly status: "failed"; readonly error: Error; readonly attempts: number };

/** Callbacks and interruption of a run of jobs. */
export interface RunHooks<Output> {
  /** Called when a job ends, in the order in which they end; the index is the job's among those that were given. */
  readonly onEnd?: (index: number, outcome: JobOutcome<Output>) => void;
  /** Called with how far a job is: what its handler says, from 0 to 1. */
  readonly onProgress?: (index: number, share: number) => void;
  /** Aborts the run: jobs that have not begun are not done. */
  readonly signal?: AbortSignal;
}

/** Where jobs are done. What they are done with was settled when it was opened. */
export interface Executor {
  /** How often a job that fails is tried. */
  readonly attempts: number;
  /**
   * Does jobs. One that fails, after as many attempts as there are, does not stop the others; those of one kind and key
   * are done once.
   *
   * @param jobs The jobs.
   * @param hooks Callbacks and interruption.
   * @returns What became of every job, in the order of the jobs.
   * @throws The signal's reason, when it ends the run; an `InputError` when there is no way to have jobs done.
   */
  run<Output>(jobs: readonly Job[], hooks?: RunHooks<Output>): Promise<JobOutcome<Output>[]>;
  /** Frees what was opened. */
  close(): Promise<void>;
}

/** What a handler works with beside its context. */
export interface JobTools {
  /** Says how far the job is, from 0 to 1. */
  readonly onProgress: (share: number) => void;
  /** Raised when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** Does the jobs of one kind. The answer, plain data, follows from context and input alone. */
export type JobHandler<Context> = (
  context: Context,
  // deno-lint-ignore no-explicit-any -- the kind of a job says what its input is; no type can.
  input: any,
  tools: JobTools,
) => Promise<unknown>;

/** The handlers by the kinds of jobs. */
export type JobHandlers<Context> = Readonly<Record<string, JobHandler<Context>>>;

/**
 * The answers of jobs none of which may fail.
 *
 * @param outcomes What became of them.
 * @returns Their answers.
 * @throws The error of the first that failed.
 */
export function outputsOf<Output>(outcomes: readonly JobOutcome<Output>[]): Output[] {
  return outcomes.map((outcome) => {
    if (outcome.status === "failed") throw outcome.error;
    return outcome.output;
  });
}
