import process from "node:process";
import { UsageError } from "./usage_error.ts";

/** The arguments as they were typed. */
export const typedArguments: readonly string[] = process.argv.slice(2);

/** Options of PocketFlow that few commands have, and these commands. */
const RARE: ReadonlyMap<string, readonly string[]> = new Map([
  ["resnet-size", ["train", "pocketflow"]],
]);

/** Other names of options, by command. */
const ALIASES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["prune", new Map([["budget", "preserve-ratio"]])],
  [
    "pocketflow",
    new Map([["data-dir-local", "data"], ["debug", "verbose"], ["budget", "preserve-ratio"]]),
  ],
]);

/** Options that are true or false, with what the command line parser is given for either. */
const SWITCHES: ReadonlyMap<string, { whenTrue?: string; whenFalse?: string }> = new Map([
  ["lasso", { whenTrue: "--lasso=true", whenFalse: "--lasso=false" }],
  ["quadruple", { whenTrue: "--quadruple" }],
  ["fold", { whenTrue: "--fold" }],
  ["card", { whenTrue: "--card" }],
  ["force", { whenTrue: "--force" }],
  ["json", { whenTrue: "--json" }],
  ["quiet", { whenTrue: "--quiet" }],
  ["verbose", { whenTrue: "--verbose" }],
  ["verify", { whenFalse: "--no-verify" }],
  ["latency", { whenFalse: "--no-latency" }],
  ["flip", { whenFalse: "--no-flip" }],
  ["resume", { whenTrue: "--resume" }],
  ["finetune", { whenTrue: "--finetune" }],
  ["retrain", { whenTrue: "--retrain" }],
  ["enbl-dst", { whenTrue: "--enbl-dst" }],
  ...["enbl-multi-gpu", "enbl-warm-start", "ddpg-enbl-bsln-func"].map((name) =>
    [name, { whenTrue: `--${name}=true`, whenFalse: `--${name}=false` }] as const
  ),
]);

/**
 * Brings arguments to one spelling: `--cp_prune_option=list` and `--prune-option list` are the same. A switch may stand
 * alone, with `=true`, `=false` or the word behind it, and `--no-json` or `--nocp_lasso` turns it off.
 *
 * @param args The arguments as typed.
 * @returns The arguments as the command line parser knows them.
 * @throws {UsageError} When another command has an option, or a switch is neither true nor false.
 */
export function normalizeArguments(args: readonly string[]): string[] {
  const normalized: string[] = [];
  const waiting = [...args];
  while (waiting.length > 0) {
    const argument = waiting.shift()!;
    if (argument === "--") return [...normalized, argument, ...waiting];
    if (!argument.startsWith("--")) {
      normalized.push(argument);
      continue;
    }
    const { name, negated, value } = readOption(argument, ALIASES.get(args[0]));
    const isSwitch = SWITCHES.has(name);
    const word = isSwitch && !negated && isBoolean(waiting[0]) && value === undefined
      ? waiting.shift()
      : value;
    const isOn = isSwitch && readBoolean(argument, word) !== negated;
    if (RARE.has(name) && !RARE.get(name)!.includes(args[0])) {
      throw new UsageError(
        `reading ${argument}: found it with ${args[0]}, wanted it with ${
          RARE.get(name)!.join(" or ")
        }, which make a network; leave it out, or let \`pocketflow\` train and prune one`,
      );
    }
    if (isSwitch) {
      const { whenTrue, whenFalse } = SWITCHES.get(name)!;
      normalized.push(...[(isOn ? whenTrue : whenFalse) ?? []].flat());
    } else {
      normalized.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    }
  }
  return normalized;
}

/**
 * Writes arguments as a shell would read them.
 *
 * @param args The arguments.
 * @returns One line.
 */
export function quoteArguments(args: readonly string[]): string {
  return args.map((argument) =>
    /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

function readOption(
  argument: string,
  aliases?: ReadonlyMap<string, string>,
): { name: string; negated: boolean; value?: string } {
  const mark = argument.indexOf("=");
  const written = argument.slice(2, mark < 0 ? undefined : mark).replaceAll("_", "-");
  const value = mark < 0 ? undefined : argument.slice(mark + 1);
  const bare = written.replace(/^cp-/, "");
  const opposite = bare.replace(/^no-?(cp-)?/, "");
  const [name, positive] = [bare, opposite].map((word) => aliases?.get(word) ?? word);
  const negated = opposite !== bare && SWITCHES.has(positive);
  return { name: negated ? positive : name, negated, value };
}

function isBoolean(word: string | undefined): boolean {
  return /^(true|false)$/i.test(word ?? "");
}

function readBoolean(argument: string, word = "true"): boolean {
  if (!isBoolean(word)) {
    throw new UsageError(
      `reading ${argument}: found ${word}, wanted true or false; give one of them, or leave the value out`,
    );
  }
  return word.toLowerCase() === "true";
}
