import { Command } from "@commander-js/extra-typings";
import {
  readRuns,
  refuseExistingFile,
  renderComparison,
  type RunSummary,
  writeWholeFile,
} from "../src/mod.ts";
import { jsonOption } from "./data_options.ts";
import { formatBytes, formatCount, formatPercent, formatTable } from "./table.ts";

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
    console.log(json ? JSON.stringify({ out, runs }) : describeRuns(runs, out));
  });

function describeRuns(runs: readonly RunSummary[], out?: string): string {
  const optional = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? undefined : format(value);
  const table = formatTable(
    ["run", "accuracy", "MACs", "parameters", "on disk", "ms/image", "seed"],
    runs.map((run) => [
      run.name,
      optional(run.accuracy.after, formatPercent),
      optional(run.macs.after, formatCount),
      optional(run.params.after, formatCount),
      formatBytes(run.bytes.after),
      optional(run.milliseconds.after, (milliseconds) => milliseconds.toPrecision(3)),
      run.seed,
    ]),
  );
  return out === undefined ? table : `${table}\nwritten to ${out}`;
}
