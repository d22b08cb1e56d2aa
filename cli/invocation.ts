import { AsyncLocalStorage } from "node:async_hooks";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type ProgressListener, prune } from "../src/mod.ts";
import { normalizeArguments, typedArguments } from "./normalize_arguments.ts";

/** How a command was called, and who hears of it. */
export interface Invocation {
  /** The command and its arguments. */
  readonly arguments: readonly string[];
  /** Receives what the command answers. */
  print(text: string): void;
  /** Does the pruning itself. */
  readonly prune: typeof prune;
  /** Told of progress, instead of the terminal. */
  readonly onProgress?: ProgressListener;
}

const calls = new AsyncLocalStorage<Invocation>();

/** The call that is running: one of {@link callCommand}, or what was typed. */
export function invocation(): Invocation {
  return calls.getStore() ??
    { arguments: typedArguments, print: (text) => console.log(text), prune };
}

/**
 * Calls a command from within another one.
 *
 * @param command The command.
 * @param args Its arguments.
 * @param means Who does the pruning, and who is told of progress.
 * @returns What it printed.
 */
export async function callCommand(
  command: CommandUnknownOpts,
  args: readonly string[],
  means: Required<Pick<Invocation, "prune" | "onProgress">>,
): Promise<string> {
  const printed: string[] = [];
  const typed = [command.name(), ...args];
  const [, ...normalized] = normalizeArguments(typed);
  const call = { ...means, arguments: typed, print: (text: string) => void printed.push(text) };
  await calls.run(call, () => command.parseAsync(normalized, { from: "user" }));
  return printed.join("\n");
}
