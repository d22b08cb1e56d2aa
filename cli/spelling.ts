import { UsageError } from "../src/mod.ts";

/** Options of PocketFlow that Secateur knows but does not have yet; those set to true or false do nothing when false. */
const NOT_BUILT: Record<string, string> = {
  "preserve-ratio": "--prune-option auto",
  "nb-rlouts": "--prune-option auto",
  "nb-rlouts-min": "--prune-option auto",
  "reward-policy": "--prune-option auto",
  "noise-tolerance": "--prune-option auto",
  "finetune": "group tuning",
  "list-group": "group tuning",
  "nb-iters-ft-ratio": "group tuning",
  "lrn-rate-ft": "group tuning",
  "retrain": "group tuning",
  "enbl-dst": "distillation",
  "loss-w-dst": "distillation",
  "tempr-dst": "distillation",
  "nb-epochs-rat": "training",
};

const SWITCHES = new Set(["lasso", "quadruple", "finetune", "retrain", "enbl-dst"]);

const BOOLEANS = new Set(["true", "false"]);

/**
 * Brings arguments to one spelling: `--cp_prune_option=list` and `--prune-option list` are the same, and a switch may
 * stand alone, with `=true`, `=false` or the word behind it.
 *
 * @param args The arguments as typed.
 * @returns The arguments as the command line parser knows them.
 * @throws {UsageError} When an option is known but not built yet.
 */
export function normalizeArguments(args: readonly string[]): string[] {
  const normalized: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (argument === "--") return [...normalized, ...args.slice(index)];
    if (!argument.startsWith("--")) {
      normalized.push(argument);
      continue;
    }
    const mark = argument.indexOf("=");
    let name = optionName(mark < 0 ? argument : argument.slice(0, mark));
    let value = mark < 0 ? undefined : argument.slice(mark + 1);
    const positive = name.replace(/^no-/, "");
    if (value === undefined && SWITCHES.has(positive)) {
      if (positive !== name) value = "false";
      else value = BOOLEANS.has(args[index + 1]) ? args[++index] : "true";
      name = positive;
    }
    if (name in NOT_BUILT) {
      if (SWITCHES.has(name) && value === "false") continue;
      throw new UsageError(
        `reading ${argument}: this option belongs to ${NOT_BUILT[name]}, which is not built yet`,
      );
    }
    normalized.push(value === undefined ? `--${name}` : `--${name}=${value}`);
  }
  return normalized;
}

function optionName(argument: string): string {
  return argument.slice(2).replaceAll("_", "-").replace(/^cp-/, "");
}
