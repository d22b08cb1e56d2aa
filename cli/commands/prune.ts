import { prune } from "../../src/mod.ts";
import { typedArguments } from "../normalize_arguments.ts";
import { createPruneCommand } from "../options/prune_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { describeForecast } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { runWithoutData } from "../prune_without_data.ts";
import { requireTuned, runPrune } from "../prune_run.ts";
import type { Outputs } from "../output/outputs.ts";

/** `prune MODEL --data D --out DIR`. */
export const pruneCommand = createPruneCommand()
  .addHelpText(
    "after",
    `
Every option may be written as PocketFlow writes it: --cp_prune_option=list is --prune-option list.

Example:
  deno task secateur prune cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --out smaller
`,
  )
  .action(async (model, flags) => {
    const { data, out, json } = flags;
    if (typeof data !== "string") return await runWithoutData(model, flags, typedArguments);
    const { report, provenance, bytes } = await withProgress((onProgress) =>
      runPrune(model, { ...flags, data }, {
        command: typedArguments,
        prune,
        onProgress,
        onEpoch: describeEpoch,
        onForecast: (forecast) => say(describeForecast(forecast)),
      })
    );
    console.log(
      json
        ? JSON.stringify({ out, bytes, ...provenance, ...report } satisfies Outputs["prune"])
        : describeReport(report, bytes, out),
    );
    requireTuned(report, out);
  });
