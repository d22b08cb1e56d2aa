import process from "node:process";

/** An interrupt ended the work; the command line exits with 130, as a shell does. */
export class InterruptError extends Error {
  /** Class name. */
  override readonly name = "InterruptError";
}

/**
 * Runs something that an interrupt (Ctrl-C) is to end in good order rather than at once.
 *
 * @param work What to run; its signal is raised by the interrupt.
 * @param message What the interrupt means.
 * @returns What it gives.
 * @throws {InterruptError} When `work` lets the reason of its signal through.
 */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  message = "interrupted; nothing was written",
): Promise<Result> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new InterruptError(message));
  process.on("SIGINT", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
}
