import { AsyncLocalStorage } from "node:async_hooks";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ProgressListener } from "../src/mod.ts";
import { normalizeArguments, typedArguments } from "./spelling.ts";

/** How a command was called, and who hears of it. */
export interface Invocation {
  /** The command and its arguments. */
  readonly arguments: readonly string[];
  /** Receives what the command answers. */
  print(text: string): void;
  /** Told of progress, instead of the terminal. */
  readonly onProgress?: ProgressListener;
}

const calls = new AsyncLocalStorage<Invocation>();

/** The call that is running: one of {@link callCommand}, or what was typed. */
export function invocation(): Invocation {
  return calls.getStore() ??
    { arguments: typedArguments, print: (text) => console.log(text) };
}

/**
 * Calls a command from within another one.
 *
 * @param command The command.
 * @param args Its arguments.
 * @param onProgress Told of progress; nothing is shown of it otherwise.
 * @returns What it printed.
 */
export async function callCommand(
  command: CommandUnknownOpts,
  args: readonly string[],
  onProgress: ProgressListener,
): Promise<string> {
  const printed: string[] = [];
  const typed = [command.name(), ...args];
  const [, ...normalized] = normalizeArguments(typed);
  const call = { arguments: typed, print: (text: string) => void printed.push(text), onProgress };
  await calls.run(call, () => command.parseAsync(normalized, { from: "user" }));
  return printed.join("\n");
}
