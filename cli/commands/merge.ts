import { stat } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import {
  mergeStatisticsInto,
  missingShards,
  refuseExistingFile,
  type Statistics,
} from "../../src/mod.ts";
import { jsonOption } from "../options/data_options.ts";
import { untilInterrupted } from "../interrupt.ts";
import { formatBytes } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `merge FILE FILE … --out FILE`. */
export const mergeCommand = new Command("merge")
  .argument("<files...>", "files of `calibrate --shard`, or of `merge`")
  .requiredOption("--out <file>", "file for their sums (safetensors)")
  .option("--force", "replace the file that stands in --out")
  .addOption(jsonOption)
  .addHelpText(
    "after",
    `
Shards of another model, data set, version or sampling are refused. What lacks shards is written too,
and can be merged with them later.

Example:
  deno task secateur merge half1.safetensors half2.safetensors --out whole.safetensors

Their files are made by the example of \`calibrate --help\`.
`,
  )
  .action(async (files, { out, force, json }) => {
    await refuseExistingFile(out, force);
    const statistics = await untilInterrupted((signal) => mergeStatisticsInto(out, files, signal));
    const { size: bytes } = await stat(out);
    const { identity, shards } = statistics;
    const missing = missingShards(statistics);
    console.log(
      json
        ? JSON.stringify(
          {
            out,
            bytes,
            identity,
            shards: { ...shards, missing },
          } satisfies Outputs["merge"],
        )
        : describe(statistics, missing, bytes, out),
    );
  });

function describe(
  { shards: { of, have } }: Pick<Statistics, "shards">,
  missing: readonly number[],
  bytes: number,
  out: string,
): string {
  return [
    `shards      ${have.length} of ${of}: ${have.join(", ")}`,
    ...(missing.length > 0
      ? [`note: still missing: ${missing.join(", ")}; prune takes no statistics without them`]
      : []),
    `written to ${out} (${formatBytes(bytes)})`,
  ].join("\n");
}
