import { INTERRUPTED } from "./interrupt.ts";
import { currentVerbosity } from "./output/messages.ts";

/** Exit code of a run that failed. */
export const FAILED = 1;

/** Exit code of wrong usage. */
export const WRONG_USAGE = 2;

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

/** A failure in a line; a defect under `--verbose` with its stack. */
export function describeFailure(error: unknown): string {
  const { name, message, stack } = error as Error;
  if (EXIT_CODES.has(name)) return `secateur: ${message}`;
  if (currentVerbosity() === "verbose") return stack ?? message;
  return `secateur: ${name}: ${message.split("\n")[0]}; this is a defect: ` +
    "give the same command with --verbose and report what it prints";
}
