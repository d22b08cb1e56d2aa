import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** What a word of the command line may be: one of some words, a file, or something nobody can guess. */
export type Candidates =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "unknown" };

/** An option as a shell completes it. */
export interface CompletedOption {
  /** Its spellings, dashes included. */
  readonly flags: readonly string[];
  /** What it does. */
  readonly description: string;
  /** Its value; undefined for one that has none. */
  readonly value?: Candidates;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Its name. */
  readonly name: string;
  /** What it does. */
  readonly description: string;
  /** Its options, those of all commands among them. */
  readonly options: readonly CompletedOption[];
  /** What its arguments may be, all together. */
  readonly arguments: Candidates;
}

/** A program as a shell completes it. */
export interface CompletedProgram {
  /** What is typed to start it. */
  readonly name: string;
  /** Options that stand ahead of a command. */
  readonly options: readonly CompletedOption[];
  /** Its commands. */
  readonly commands: readonly CompletedCommand[];
}

/** Names of values, between angle brackets in the help, that are files or folders. */
const FILE_NAMES = /^(dir|file|folder|in|model|out|path|run)s?$/;

/**
 * Reads off a program what a shell is to complete.
 *
 * @param program The program with all of its commands.
 * @returns Commands, options and values.
 */
export function describeProgram(program: CommandUnknownOpts): CompletedProgram {
  const own = optionsOf(program);
  const commands = program.createHelp().visibleCommands(program);
  return {
    name: program.name(),
    options: own,
    commands: commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      options: [...optionsOf(command), ...own.filter(({ flags }) => isGlobal(flags))],
      arguments: command.name() === "help"
        ? { kind: "words", words: commands.map((other) => other.name()) }
        : argumentsOf(command),
    })),
  };
}

/** Every command has its own `--help`, and the version is the program's. */
function isGlobal(flags: readonly string[]): boolean {
  return !flags.includes("--help") && !flags.includes("--version");
}

function optionsOf(command: CommandUnknownOpts): CompletedOption[] {
  return command.createHelp().visibleOptions(command).map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    ...((option.required || option.optional) && { value: valueOf(option) }),
  }));
}

/** The name of a value is what stands between brackets: `<file>`; words with bars between are its choices. */
function valueOf({ argChoices, flags }: Option): Candidates {
  const [, name = ""] = flags.match(/[<[]([^>\]]*)[>\]]/) ?? [];
  return candidatesOf(argChoices ?? (name.includes("|") ? name.split("|") : undefined), name);
}

function argumentsOf(command: CommandUnknownOpts): Candidates {
  const [first]: readonly Argument[] = command.registeredArguments;
  return first === undefined ? { kind: "unknown" } : candidatesOf(first.argChoices, first.name());
}

function candidatesOf(choices: readonly string[] | undefined, name: string): Candidates {
  if (choices !== undefined) return { kind: "words", words: choices };
  return { kind: FILE_NAMES.test(name) ? "file" : "unknown" };
}
