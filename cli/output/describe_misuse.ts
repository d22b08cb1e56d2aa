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
    (mistyped === undefined ? guessChoice(said) : alike(mistyped, optionsOf(command)));
  const called = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  const action = guess === undefined ? `see \`${called} --help\`` : `did you mean ${guess}?`;
  return `secateur: ${complaint}; ${action}\n`;
}

/** Commander misses an option that has to be there before it looks at those that it does not know. */
function mistypedOption(said: string, { args }: CommandUnknownOpts): string | undefined {
  return said.startsWith("required option")
    ? args.find((word) => word.startsWith("--"))?.split("=")[0]
    : undefined;
}

function optionsOf(command: CommandUnknownOpts): string[] {
  return [...command.options, ...command.parent?.options ?? []].flatMap(({ long }) => long ?? []);
}

/** Which of an option's choices was meant. */
function guessChoice(said: string): string | undefined {
  const [, word, choices] = said.match(/argument '(.*)' is invalid\. Allowed choices are (.*)$/) ??
    [];
  return choices === undefined ? undefined : alike(word.toLowerCase(), choices.split(", "));
}

/** The word that is most alike to another; nothing where none is. */
function alike(word: string, known: readonly string[]): string | undefined {
  const guess = closest(word, known);
  return distance(word, guess) <= MOST_SLIPS * Math.max(word.length, guess.length)
    ? guess
    : undefined;
}
