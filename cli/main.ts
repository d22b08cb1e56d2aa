import process from "node:process";
import {
  Command,
  CommanderError,
  type CommandUnknownOpts,
  type OutputConfiguration,
} from "@commander-js/extra-typings";
import project from "../deno.json" with { type: "json" };
import { normalizeArguments, typedArguments } from "./spelling.ts";

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

/** The commands. Each is loaded when it is called: most bring TensorFlow.js with them. */
const COMMANDS: Record<string, { description: string; load: () => Promise<CommandUnknownOpts> }> = {
  inspect: {
    description: "list a model's layers, what they cost, and what can be cut and why not",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  eval: {
    description: "measure a model's accuracy and loss, or how far its outputs are from another's",
    load: async () => (await import("./eval.ts")).evalCommand,
  },
  calibrate: {
    description: "gather the statistics of a model once, for any number of pruning runs",
    load: async () => (await import("./calibrate.ts")).calibrateCommand,
  },
  merge: {
    description: "add up the statistics of shards that `calibrate` has gathered",
    load: async () => (await import("./merge.ts")).mergeCommand,
  },
  prune: {
    description: "cut channels, repair the layers by regression and write a smaller model",
    load: async () => (await import("./prune.ts")).pruneCommand,
  },
  sweep: {
    description:
      "prune models with several options to several budgets, and say which runs are best",
    load: async () => (await import("./sweep.ts")).sweepCommand,
  },
  train: {
    description: "train a new network for small images",
    load: async () => (await import("./train.ts")).trainCommand,
  },
  finetune: {
    description: "go on training a model, alone or with a teacher",
    load: async () => (await import("./finetune.ts")).finetuneCommand,
  },
  convert: {
    description: "write a model in another format",
    load: async () => (await import("./convert.ts")).convertCommand,
  },
  fold: {
    description: "write a model with fewer layers that computes the same, ready for use",
    load: async () => (await import("./fold.ts")).foldCommand,
  },
  bench: {
    description: "measure models side by side: latency, memory, size, and the time of every layer",
    load: async () => (await import("./bench.ts")).benchCommand,
  },
  check: {
    description: "hold a model against the limits of a file; exit code 1 when one does not hold",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  worker: {
    description: "do jobs of prune, calibrate and sweep from a queue",
    load: async () => (await import("./worker.ts")).workerCommand,
  },
  demo: {
    description: "prune and tune the embedded Fashion-MNIST network and show what became of it",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
};

/** Commander asks the environment for colours, which needs a permission; the output has none. */
const PLAIN_OUTPUT: OutputConfiguration = {
  getOutHasColors: () => false,
  getErrHasColors: () => false,
  outputError: (message, write) => write(message.replace(/^error:/, "secateur:")),
};

async function createProgram(args: readonly string[]) {
  const program = new Command("secateur")
    .description("Makes convolutional networks smaller: cuts channels, repairs layers.")
    .version(project.version)
    .configureOutput(PLAIN_OUTPUT)
    .exitOverride();
  const called = args.find((argument) => Object.hasOwn(COMMANDS, argument));
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const command = name === called ? await load() : new Command(name);
    program.addCommand(
      command.description(description).configureOutput(PLAIN_OUTPUT).exitOverride(),
    );
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
  const args = normalizeArguments(typedArguments);
  const program = await createProgram(args);
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  process.exitCode = reportFailure(error);
}
