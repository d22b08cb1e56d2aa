import { Command, CommanderError, type OutputConfiguration } from "@commander-js/extra-typings";
import project from "../deno.json" with { type: "json" };
import { calibrateCommand } from "./calibrate.ts";
import { compareCommand } from "./compare.ts";
import { convertCommand } from "./convert.ts";
import { demoCommand } from "./demo.ts";
import { evalCommand } from "./eval.ts";
import { finetuneCommand } from "./finetune.ts";
import { inspectCommand } from "./inspect.ts";
import { mergeCommand } from "./merge.ts";
import { pruneCommand } from "./prune.ts";
import { trainCommand } from "./train.ts";
import { normalizeArguments } from "./spelling.ts";

const [FAILED, WRONG_USAGE, INTERRUPTED] = [1, 2, 130];

/**
 * What the user can mend or has brought about: the message alone is printed, and these are the exit codes. Deno has
 * printed itself what a thread died of.
 */
const EXIT_CODES = new Map([
  ["InputError", FAILED],
  ["WorkerError", FAILED],
  ["UsageError", WRONG_USAGE],
  ["InterruptError", INTERRUPTED],
]);

const commands = [
  inspectCommand,
  evalCommand,
  calibrateCommand,
  mergeCommand,
  pruneCommand,
  trainCommand,
  finetuneCommand,
  convertCommand,
  compareCommand,
  demoCommand,
];

/** Commander asks the environment for colours, which needs a permission; the output has none. */
const PLAIN_OUTPUT: OutputConfiguration = {
  getOutHasColors: () => false,
  getErrHasColors: () => false,
  outputError: (message, write) => write(message.replace(/^error:/, "secateur:")),
};

function createProgram() {
  const program = new Command("secateur")
    .description("Makes convolutional networks smaller: cuts channels, repairs layers.")
    .version(project.version)
    .configureOutput(PLAIN_OUTPUT)
    .exitOverride();
  for (const command of commands) {
    program.addCommand(command.configureOutput(PLAIN_OUTPUT).exitOverride());
  }
  return program;
}

/** Prints a failure, as a stack when it is a defect, and gives its exit code. Commander has printed its own. */
function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  const { name, message, stack } = error as Error;
  console.error(EXIT_CODES.has(name) ? `secateur: ${message}` : stack);
  return EXIT_CODES.get(name) ?? FAILED;
}

try {
  await createProgram().parseAsync(normalizeArguments(Deno.args), { from: "user" });
} catch (error) {
  Deno.exitCode = reportFailure(error);
}
