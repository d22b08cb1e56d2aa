import type { LoggedFailure, LoggedRollout, SearchLog } from "../../src/mod.ts";

const COLUMNS = [
  "rollout",
  "source",
  "cost",
  "macs",
  "error",
  "accuracy",
  "loss",
  "reward",
  "criticLoss",
  "actorLoss",
  "noise",
] as const;

/**
 * The files of a search that are written beside the model, by name: `search.jsonl` has an object for every roll-out,
 * `search.csv` a row. `cost` is a share of the whole network's. Wall times, and why a network could not be measured, are in
 * the former alone.
 *
 * @param log What was tried.
 * @returns The files' texts.
 */
export function searchFiles(log: SearchLog): Map<string, string> {
  return new Map([["search.jsonl", searchLines(log)], ["search.csv", searchTable(log)]]);
}

/** What was tried, in order. */
function triedOf({ rollouts, failures }: SearchLog): (LoggedRollout | LoggedFailure)[] {
  return [...rollouts, ...failures].sort((first, second) => first.rollout - second.rollout);
}

function searchLines(log: SearchLog): string {
  const { units } = log;
  const byUnit = (values: readonly number[]) =>
    Object.fromEntries(units.map((name, index) => [name, values[index]]));
  return triedOf(log).map(({ counts, ratios, ...figures }) =>
    `${JSON.stringify({ ...figures, counts: byUnit(counts), ratios: byUnit(ratios) })}\n`
  ).join("");
}

/** The ratio of every decision stands behind the figures. */
function searchTable(log: SearchLog): string {
  const header = [...COLUMNS, ...log.units.map(quote)];
  const rows = triedOf(log).map((
    rollout: Partial<LoggedRollout> & LoggedFailure | LoggedRollout,
  ) => [
    ...COLUMNS.map((column) => rollout[column] ?? ""),
    ...rollout.ratios,
  ]);
  return [header, ...rows].map((cells) => `${cells.join(",")}\r\n`).join("");
}

/** A cell as RFC 4180 has it. */
function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
