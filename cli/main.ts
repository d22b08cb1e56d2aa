import { Command, CommanderError } from "@commander-js/extra-typings";
import project from "../deno.json" with { type: "json" };
import { demoCommand } from "./demo.ts";
import { evalCommand } from "./eval.ts";
import { inspectCommand } from "./inspect.ts";
import { pruneCommand } from "./prune.ts";
import { normalizeArguments } from "./spelling.ts";

const [FAILED, WRONG_USAGE] = [1, 2];

const commands = [inspectCommand, evalCommand, pruneCommand, demoCommand];

/** Commander asks the environment for colours, which needs a permission; the output has none. */
const PLAIN_OUTPUT = { getOutHasColors: () => false, getErrHasColors: () => false };

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

/** The exit code of a failure, which it prints: a message for what the user can mend, a stack for a defect. */
function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  const { name, message, stack } = error as Error;
  console.error(name === "InputError" || name === "UsageError" ? `secateur: ${message}` : stack);
  return name === "UsageError" ? WRONG_USAGE : FAILED;
}

try {
  await createProgram().parseAsync(normalizeArguments(Deno.args), { from: "user" });
} catch (error) {
  Deno.exitCode = reportFailure(error);
}
