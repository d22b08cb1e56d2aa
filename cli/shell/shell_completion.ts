import { readdir } from "node:fs/promises";
import type { ReplCommand } from "./repl.ts";

/**
 * Finds what the last word of a line could be.
 *
 * @param words The words, of which the last one may be empty.
 * @param commands The commands.
 * @param layers Names of the layers.
 * @returns Words that begin as it does.
 */
export async function completeShell(
  words: readonly string[],
  commands: Readonly<Record<string, ReplCommand>>,
  layers: readonly string[],
): Promise<readonly string[]> {
  const last = words.at(-1)!;
  const startingSo = (names: readonly string[]) =>
    names.filter((name) => name.startsWith(last)).map((name) => `${name} `);
  const names = Object.keys(commands);
  if (words.length === 1) return startingSo([...names, "help"]);
  const [name, ...behind] = words;
  if (name === "help" && behind.length === 1) return startingSo(names);
  const { parameters = [], subcommands = {} } = Object.hasOwn(commands, name) ? commands[name] : {};
  const isSub = behind.length === 2 && Object.hasOwn(subcommands, behind[0]);
  const named = isSub ? subcommands[behind[0]].parameters?.[0] : parameters[behind.length - 1];
  const subs = behind.length === 1 ? startingSo(Object.keys(subcommands)) : [];
  switch (named?.label) {
    case "layers":
      return startingSo(["all", ...layers]);
    case "file":
    case "folder":
      return [...subs, ...await completePath(last)];
    default:
      return subs;
  }
}

/** Files and folders that begin so; folders end with a slash, behind which one may go on. */
async function completePath(start: string): Promise<string[]> {
  const prefix = start.slice(0, start.lastIndexOf("/") + 1);
  const entries = await readdir(prefix || ".", { withFileTypes: true }).catch(() => []);
  return entries
    .map((entry) => prefix + entry.name + (entry.isDirectory() ? "/" : ""))
    .filter((path) => path.startsWith(start))
    .sort();
}
