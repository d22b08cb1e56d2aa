/** Exit code of a run that failed. */
export const FAILED = 1;

/** Exit code of wrong usage. */
export const WRONG_USAGE = 2;

const INTERRUPTED = 130;

/**
 * What the user can mend or has brought about: the message alone is printed, and these are the exit codes. Deno has
 * printed itself what a thread died of.
 */
export const EXIT_CODES: ReadonlyMap<string, number> = new Map([
  ["InputError", FAILED],
  ["WorkerError", FAILED],
  ["UsageError", WRONG_USAGE],
  ["InterruptError", INTERRUPTED],
]);

/** A failure as it is printed: as a stack when it is a defect. */
export function describeFailure(error: unknown): string {
  const { name, message, stack } = error as Error;
  return EXIT_CODES.has(name) ? `secateur: ${message}` : stack ?? message;
}
