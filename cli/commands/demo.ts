import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Command } from "@commander-js/extra-typings";
import { InputError, loadModelFile, measureStockLatency, prune } from "../../src/mod.ts";
import { jsonOption, workersOption } from "../options/data_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { wordReport } from "../output/word_report.ts";

const exampleFolder = (name: string) =>
  fileURLToPath(new URL(`../example/${name}`, import.meta.url));

/** It is larger than all of Secateur's code, so that a bundle leaves it behind. */
async function requireExample(): Promise<void> {
  await stat(exampleFolder("")).catch((cause) => {
    throw new InputError(
      `running the demo: found no example in ${exampleFolder("")}, wanted the project's folder; ` +
        "run it there with `deno task demo`",
      { cause },
    );
  });
}

const LATENCY = { batchSize: 32, rounds: 30 };
const TUNING = {
  epochs: 3,
  teacher: "original",
  validationImages: 500,
  onEpoch: describeEpoch,
} as const;

/** `demo`: the embedded example. */
export const demoCommand = new Command("demo")
  .addOption(workersOption)
  .addOption(jsonOption)
  .addHelpText("after", "\nExample:\n  deno task demo\n")
  .action(async ({ workers, json }) => {
    await requireExample();
    const original = await loadModelFile(exampleFolder("resnet8-fashion-mnist"));
    const { file, report: found } = await withProgress((onProgress) =>
      prune({
        model: original,
        data: exampleFolder("fashion-mnist"),
        policy: { kind: "uniform", ratio: 0.5 },
        batches: 15,
        tuning: TUNING,
        workers,
        onProgress,
      })
    );
    const report = wordReport(found);
    const [before, after] = await measureStockLatency([original, file], LATENCY);
    if (json) {
      console.log(JSON.stringify({ ...report, latency: { before, after, ...LATENCY } }));
      return;
    }
    console.log(describeReport(report));
    console.log(
      `latency     ${before.median.toFixed(1)} -> ${after.median.toFixed(1)} ms ` +
        `(${(after.median / before.median).toFixed(2)} of the original), ` +
        `${LATENCY.batchSize} images, stock TensorFlow.js, median of ${LATENCY.rounds}`,
    );
  });
