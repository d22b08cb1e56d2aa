import type { AdvisingError, OptionWords } from "../src/mod.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { OPTION_FLAGS } from "./options/option_flags.ts";
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

/**
 * The message of an error, with the options that an error of the library names in words of the command line. The library
 * is not loaded for it: its errors are recognized by what they can do.
 *
 * @param error The error.
 * @param words What options are called; the flags when nothing else is given.
 * @returns The message.
 */
export function messageOf(error: Error, words: OptionWords = OPTION_FLAGS): string {
  return (error as Partial<AdvisingError>).describe?.(words) ?? error.message;
}

/**
 * A failure in a line; a defect under `--verbose` with its stack.
 *
 * @param error What was thrown.
 * @param words What options are called; the flags when nothing else is given.
 * @returns The line.
 */
export function describeFailure(error: unknown, words?: OptionWords): string {
  const { name, message, stack } = error as Error;
  if (EXIT_CODES.has(name)) return `secateur: ${messageOf(error as Error, words)}`;
  if (currentVerbosity() === "verbose") return stack ?? message;
  return `secateur: ${name}: ${message.split("\n")[0]}; this is a defect: ` +
    "give the same command with --verbose and report what it prints";
}
