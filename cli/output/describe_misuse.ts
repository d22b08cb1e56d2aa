import { existsSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { closest, distance } from "fastest-levenshtein";

/** Share of the longer word's letters that may be wrong for it to be taken for a slip. */
const MOST_SLIPS = 0.4;

/**
 * A message of Commander as one line that ends with what to do: the word that was meant, where one is alike.
 *
 * @param message What Commander says.
 * @param command The command that was called.
 * @returns The line.
 */
export function describeMisuse(message: string, command: CommandUnknownOpts): string {
  const [, said, proposal] = message.match(
    /^(?:error: )?(.*?)\.?(?:\n\(Did you mean (.*)\?\))?\n$/s,
  )!;
  const mistyped = mistypedOption(said, command);
  const complaint = mistyped === undefined ? said : `unknown option '${mistyped}'`;
  const guess = proposal ??
    (mistyped === undefined
      ? guessChoice(said) ?? guessCommand(said, command)
      : alike(mistyped, optionsOf(command)));
  const called = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  const action = guess === undefined ? `see \`${called} --help\`` : `did you mean ${guess}?`;
  return `secateur: ${complaint}; ${action}\n`;
}

/** Commander misses an option that has to be there before it looks at those that it does not know. */
function mistypedOption(said: string, { args }: CommandUnknownOpts): string | undefined {
  return said.startsWith("required option")
    ? args.find((word) => word.startsWith("-"))?.split("=")[0]
    : undefined;
}

function optionsOf(command: CommandUnknownOpts): string[] {
  const help = command.createHelp();
  return [...command.options, ...help.visibleOptions(command), ...command.parent?.options ?? []]
    .flatMap(({ long }) => long ?? []);
}

/** Which of an option's choices was meant. */
function guessChoice(said: string): string | undefined {
  const [, word, choices] =
    said.match(/'([^']*)' is invalid(?: for .*)?\. Allowed choices are (.*)$/) ?? [];
  return choices === undefined ? undefined : alike(word.toLowerCase(), choices.split(", "));
}

/** Which command was meant; where it is a path, what can be done with a model. */
function guessCommand(said: string, { commands }: CommandUnknownOpts): string | undefined {
  const [, word] = said.match(/^unknown command '(.*)'$/) ?? [];
  if (word === undefined) return undefined;
  if (existsSync(word)) return `inspect ${word}, or prune ${word}`;
  return alike(word.toLowerCase(), commands.map((command) => command.name()));
}

/** The word that is most alike to another; nothing where none is. */
function alike(word: string, known: readonly string[]): string | undefined {
  const guess = closest(word, known);
  return distance(word, guess) <= MOST_SLIPS * Math.max(word.length, guess.length)
    ? guess
    : undefined;
}
