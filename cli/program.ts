import process from "node:process";
import {
  Command,
  type CommandUnknownOpts,
  type OutputConfiguration,
} from "@commander-js/extra-typings";
import project from "../deno.json" with { type: "json" };
import { addCommonOptions } from "./options/common_options.ts";
import { adaptHelp } from "./output/adapt_help.ts";
import { describeMisuse } from "./output/describe_misuse.ts";
import { ALL, shortenHelp } from "./output/short_help.ts";

/** The commands. Each is loaded when it is called: most bring TensorFlow.js with them. */
const COMMANDS: Record<string, { description: string; load: () => Promise<CommandUnknownOpts> }> = {
  inspect: {
    description: "list a model's layers, what they cost, and what can be cut and why not",
    load: async () => (await import("./commands/inspect.ts")).inspectCommand,
  },
  eval: {
    description: "measure a model's accuracy and loss, or how far its outputs are from another's",
    load: async () => (await import("./commands/eval.ts")).evalCommand,
  },
  calibrate: {
    description: "gather the statistics of a model once, for any number of pruning runs",
    load: async () => (await import("./commands/calibrate.ts")).calibrateCommand,
  },
  merge: {
    description: "add up the statistics of shards that `calibrate` has gathered",
    load: async () => (await import("./commands/merge.ts")).mergeCommand,
  },
  prune: {
    description: "cut channels, repair the layers by regression and write a smaller model",
    load: async () => (await import("./commands/prune.ts")).pruneCommand,
  },
  sweep: {
    description:
      "prune models with several options to several budgets, and say which runs are best",
    load: async () => (await import("./commands/sweep.ts")).sweepCommand,
  },
  explore: {
    description: "print and draw how much a model loses at which size, without cutting it",
    load: async () => (await import("./commands/explore.ts")).exploreCommand,
  },
  train: {
    description: "train a new network for small images",
    load: async () => (await import("./commands/train.ts")).trainCommand,
  },
  finetune: {
    description: "go on training a model, alone or with a teacher",
    load: async () => (await import("./commands/finetune.ts")).finetuneCommand,
  },
  pocketflow: {
    description: "train and prune a network with the flags of PocketFlow's scripts",
    load: async () => (await import("./commands/pocketflow.ts")).pocketflowCommand,
  },
  convert: {
    description: "write a model in another format",
    load: async () => (await import("./commands/convert.ts")).convertCommand,
  },
  fold: {
    description: "write a model with fewer layers that computes the same, ready for use",
    load: async () => (await import("./commands/fold.ts")).foldCommand,
  },
  bench: {
    description: "measure models side by side: latency, memory, size, and the time of every layer",
    load: async () => (await import("./commands/bench.ts")).benchCommand,
  },
  check: {
    description: "hold a model against the limits of a file; exit code 1 when one does not hold",
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  compare: {
    description: "put runs side by side, by the reports in their folders",
    load: async () => (await import("./commands/compare.ts")).compareCommand,
  },
  completions: {
    description: "print a script that completes commands and options in a shell",
    load: async () => (await import("./commands/completions.ts")).completionsCommand,
  },
  shell: {
    description: "try channel counts out by hand, in a session of commands that answer at once",
    load: async () => (await import("./commands/shell.ts")).shellCommand,
  },
  worker: {
    description: "do jobs of prune, calibrate and sweep from a queue",
    load: async () => (await import("./commands/worker.ts")).workerCommand,
  },
  demo: {
    description: "prune the embedded Fashion-MNIST network and show what became of it",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
};

/** What somebody sees who gives no command. */
const GREETING = `\
Secateur ${project.version} makes trained convolutional networks smaller: cuts channels, repairs layers.
  see it at work:     deno task secateur demo
  look at a model:    deno task secateur inspect MODEL
  make it smaller:    deno task secateur prune MODEL --data IMAGES --out smaller
All commands: deno task secateur --help. In a browser, where nothing is uploaded: docs/browser.md`;

/** Its script has the options of all commands, which are loaded for it. */
const COMPLETIONS = "completions";

/**
 * What a command says of its own accord. Commander asks the environment for colors, which needs a permission; the output
 * has none.
 */
function outputOf(command: CommandUnknownOpts): OutputConfiguration {
  return {
    writeOut: (text) => void process.stdout.write(adaptHelp(text)),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    outputError: (message, write) => write(describeMisuse(message, command)),
  };
}

/**
 * Makes the program that reads some arguments.
 *
 * @param args The arguments. The command that they call is loaded; of the others there are names and descriptions.
 * @returns The program.
 */
export async function createProgram(args: readonly string[]): Promise<CommandUnknownOpts> {
  const called = args.find((argument) => Object.hasOwn(COMMANDS, argument));
  const program = await assembleProgram((name) => name === called || called === COMPLETIONS);
  program.addHelpText("before", () => refuseUnknown(program));
  if (args.length === 0) program.action(() => console.log(adaptHelp(GREETING)));
  if (!args.includes(ALL)) program.commands.forEach(shortenHelp);
  return program;
}

/** Refuses help of a command that there is not, in whose place Commander prints that of the program. */
function refuseUnknown(program: CommandUnknownOpts): string {
  const [first, second] = program.args;
  const word = first === "help" ? second : first;
  if (word !== undefined && !word.startsWith("-") && !Object.hasOwn(COMMANDS, word)) {
    program.error(`error: unknown command '${word}'`);
  }
  return "";
}

/** Makes the program with all of its commands loaded, for what describes them. */
export async function createWholeProgram(): Promise<CommandUnknownOpts> {
  return await assembleProgram(() => true);
}

async function assembleProgram(
  isWanted: (name: string) => boolean,
): Promise<CommandUnknownOpts> {
  const program: CommandUnknownOpts = new Command("secateur")
    .description("Makes convolutional networks smaller: cuts channels, repairs layers.")
    .version(project.version)
    .exitOverride();
  program.configureOutput(outputOf(program));
  addCommonOptions(program);
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const command = isWanted(name) ? await load() : new Command(name);
    program.addCommand(
      command.description(description)
        .configureOutput(outputOf(command))
        .configureHelp({ showGlobalOptions: true })
        .exitOverride(),
    );
  }
  return program;
}
