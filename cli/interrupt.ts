import process from "node:process";
import { sayAnyway } from "./output/messages.ts";

/** Exit code of a command that was interrupted, as of a shell. */
export const INTERRUPTED = 130;

/** An interrupt ended the work. */
export class InterruptError extends Error {
  /** Class name. */
  override readonly name = "InterruptError";
}

const NOTHING_KEPT = "nothing was written; give the same command again to begin anew";

let describeKept: () => string | undefined = () => undefined;

/**
 * Says what an interrupt (Ctrl-C) leaves of this command.
 *
 * @param describe What is kept when it comes, and what to do with it; undefined when nothing is.
 */
export function keepAtInterrupt(describe: () => string | undefined): void {
  describeKept = describe;
}

/**
 * The message of an interrupt.
 *
 * @param what What happened.
 * @returns That, what is kept, and how to go on.
 */
export function describeInterrupt(what = "interrupted"): string {
  return `${what}; ${describeKept() ?? NOTHING_KEPT}`;
}

/** From now on an interrupt says what is kept and ends the process, unless something else listens to it. */
export function endAtInterrupt(): void {
  process.on("SIGINT", () => {
    if (process.listenerCount("SIGINT") === 1) exitInterrupted("interrupted");
  });
}

function exitInterrupted(what: string): never {
  sayAnyway(`secateur: ${describeInterrupt(what)}`);
  process.exit(INTERRUPTED);
}

/**
 * Runs something that an interrupt is to end in good order rather than at once; another one does end it at once.
 *
 * @param work What to run; its signal is raised by the interrupt.
 * @returns What it gives.
 * @throws {InterruptError} When `work` lets the reason of its signal through.
 */
export async function untilInterrupted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const reason = new InterruptError("interrupted");
  const interrupt = () => {
    if (controller.signal.aborted) exitInterrupted("interrupted again");
    controller.abort(reason);
  };
  process.on("SIGINT", interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw error === reason ? new InterruptError(describeInterrupt()) : error;
  } finally {
    process.off("SIGINT", interrupt);
  }
}
