import process from "node:process";
import { UsageError } from "./usage_error.ts";

/** The arguments as they were typed. */
export const typedArguments: readonly string[] = process.argv.slice(2);

/** Options of PocketFlow that Secateur does not have yet, with what they belong to. */
const NOT_BUILT: ReadonlyMap<string, string> = new Map([
  ["resnet-size", "training a network while pruning (`train` has it)"],
]);

/** Commands that have an option which the others do not. */
const BUILT_FOR: ReadonlyMap<string, string> = new Map([
  ["resnet-size", "train"],
]);

/** Other names of options, by command. */
const ALIASES: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["prune", new Map([["budget", "preserve-ratio"]])],
]);

/** Options that are true or false, with what the command line parser is given for either. */
const SWITCHES: ReadonlyMap<string, { whenTrue?: string; whenFalse?: string }> = new Map([
  ["lasso", { whenTrue: "--lasso=true", whenFalse: "--lasso=false" }],
  ["quadruple", { whenTrue: "--quadruple" }],
  ["fold", { whenTrue: "--fold" }],
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
]);

/**
 * Brings arguments to one spelling: `--cp_prune_option=list` and `--prune-option list` are the same. A switch may stand
 * alone, with `=true`, `=false` or the word behind it, and `--no-json` or `--nocp_lasso` turns it off.
 *
 * @param args The arguments as typed.
 * @returns The arguments as the command line parser knows them.
 * @throws {UsageError} When an option is known but not built yet, or a switch is neither true nor false.
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
    const isBuilt = !NOT_BUILT.has(name) || BUILT_FOR.get(name) === args[0];
    if (!isBuilt && (isOn || !isSwitch)) {
      throw new UsageError(
        `reading ${argument}: this option belongs to ${
          NOT_BUILT.get(name)
        }, which is not built yet; leave it out`,
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
  const name = aliases?.get(bare) ?? bare;
  const positive = name.replace(/^no-?(cp-)?/, "");
  const negated = positive !== name && SWITCHES.has(positive);
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
