import { Command } from "@commander-js/extra-typings";
import {
  readRuns,
  refuseExistingFile,
  renderComparison,
  type RunSummary,
  writeWholeFile,
} from "../../src/mod.ts";
import { jsonOption } from "../options/data_options.ts";
import { formatBytes, formatCount, formatPercent, formatTable } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `compare RUN RUN…`. */
export const compareCommand = new Command("compare")
  .argument("<runs...>", "folders that prune, finetune or train has written, or their report.json")
  .option("--out <file>", "HTML file for charts: accuracy against MACs and against latency")
  .option("--force", "replace the file that stands at --out")
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur compare smaller tuned --out comparison.html\n",
  )
  .action(async (paths, { out, force, json }) => {
    if (out !== undefined) await refuseExistingFile(out, force);
    const runs = await readRuns(paths);
    if (out !== undefined) {
      await writeWholeFile(out, new TextEncoder().encode(await renderComparison(runs)));
    }
    console.log(
      json ? JSON.stringify({ out, runs } satisfies Outputs["compare"]) : describeRuns(runs, out),
    );
  });

/** A column: its name, and the cell of a run. */
type Column = readonly [
  name: string,
  cellOf: (run: RunSummary) => string | number | undefined,
];

function describeRuns(runs: readonly RunSummary[], out?: string): string {
  const optional = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? undefined : format(value);
  const columns: readonly Column[] = [
    ["run", ({ name }) => name],
    ["accuracy", ({ accuracy }) => optional(accuracy.after, formatPercent)],
    ["error", ({ outputError }) => optional(outputError.after, formatPercent)],
    ["MACs", ({ macs }) => optional(macs.after, formatCount)],
    ["parameters", ({ params }) => optional(params.after, formatCount)],
    ["on disk", ({ bytes }) => formatBytes(bytes.after)],
    ["ms/image", ({ milliseconds }) => optional(milliseconds.after, (time) => time.toPrecision(3))],
    ["seed", ({ seed }) => seed],
  ];
  const known = columns.filter(([, cellOf]) => runs.some((run) => cellOf(run) !== undefined));
  const table = formatTable(
    known.map(([name]) => name),
    runs.map((run) => known.map(([, cellOf]) => cellOf(run))),
  );
  return out === undefined ? table : `${table}\nwritten to ${out}`;
}
