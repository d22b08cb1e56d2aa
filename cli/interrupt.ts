import process from "node:process";

/** Exit code of a command that was interrupted, as of a shell. */
export const INTERRUPTED = 130;

/** An interrupt ended the work. */
export class InterruptError extends Error {
  /** Class name. */
  override readonly name = "InterruptError";
}

const NOTHING_KEPT = "nothing was written; give the same command again to begin anew";

let describeKept = () => NOTHING_KEPT;

/**
 * Says what an interrupt (Ctrl-C) leaves of a command that it ends at once.
 *
 * @param describe What is kept when it comes, and what to do with it; undefined when nothing is.
 */
export function keepAtInterrupt(describe: () => string | undefined): void {
  describeKept = () => describe() ?? NOTHING_KEPT;
}

/** From now on an interrupt says what is kept and ends the process, unless {@link untilInterrupted} waits for it. */
export function endAtInterrupt(): void {
  process.on("SIGINT", () => {
    if (process.listenerCount("SIGINT") > 1) return;
    console.error(`secateur: interrupted; ${describeKept()}`);
    process.exit(INTERRUPTED);
  });
}

/**
 * Runs something that an interrupt (Ctrl-C) is to end in good order rather than at once; another one does end it at once.
 *
 * @param work What to run; its signal is raised by the interrupt.
 * @param describe What is kept when the work has ended, and what to do with it; undefined when nothing is.
 * @returns What it gives.
 * @throws {InterruptError} When `work` lets the reason of its signal through.
 */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  describe: () => string | undefined = () => undefined,
): Promise<Result> {
  const controller = new AbortController();
  const reason = new InterruptError("interrupted");
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(reason);
  };
  process.on("SIGINT", interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (error !== reason) throw error;
    throw new InterruptError(`interrupted; ${describe() ?? NOTHING_KEPT}`);
  } finally {
    process.off("SIGINT", interrupt);
  }
}
