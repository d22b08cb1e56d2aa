import process from "node:process";
import { CommanderError } from "@commander-js/extra-typings";
import { describeFailure, EXIT_CODES, FAILED, WRONG_USAGE } from "./failures.ts";
import { normalizeArguments, typedArguments } from "./normalize_arguments.ts";
import { sayAnyway } from "./output/messages.ts";
import { createProgram } from "./program.ts";

/** Prints a failure in a line, a defect under `--verbose` with its stack, and gives its exit code. */
function reportFailure(error: unknown): number {
  // Commander has printed its own.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  sayAnyway(describeFailure(error));
  return EXIT_CODES.get((error as Error).name) ?? FAILED;
}

/** A reader such as `head` may have had enough. What goes through the console finds that out by itself, and passes it over. */
function passOverClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", passOverClosedPipe);

try {
  const args = normalizeArguments(typedArguments);
  const program = await createProgram(args);
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  process.exitCode = reportFailure(error);
}
