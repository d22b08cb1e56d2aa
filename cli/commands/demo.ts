import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Command } from "@commander-js/extra-typings";
import { fold, InputError, loadModelFile, measureLatencyOn, prune } from "../../src/mod.ts";
import { jsonOption, workersOption } from "../options/data_options.ts";
import { adaptHelp } from "../output/adapt_help.ts";
import { describeForecast } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { describeReport } from "../output/prune_report.ts";
import { wordReport } from "../output/word_report.ts";
import type { Outputs } from "../output/outputs.ts";

const exampleFolder = (name: string) =>
  fileURLToPath(new URL(`../example/${name}`, import.meta.url));

/** The package has it too, with fewer images; the bundle of one file does not. */
async function requireExample(): Promise<void> {
  await stat(exampleFolder("")).catch((cause) => {
    throw new InputError(
      `running the demo: found no example in ${
        exampleFolder("")
      }, wanted it there, beside the package or the source; ` +
        "run `npx secateur demo`, or `deno task demo` in the project's folder",
      { cause },
    );
  });
}

const LATENCY = { batchSize: 32, rounds: 30 };

/** Two thirds of the usual steps. Clothes lie in the middle of every image: shifted ones bring nothing. */
const REPAIR = { steps: 400, augments: false };

/** What to type for a network of one's own. */
const NEXT = `
the same with your own model and images, a folder for each class or without labels:
  deno task secateur prune MODEL --data DATA --out smaller --fold
how small it can be:
  deno task secateur explore MODEL --data DATA --out curve.html`;

/** `demo`: the embedded example. */
export const demoCommand = new Command("demo")
  .addOption(workersOption)
  .addOption(jsonOption)
  .addHelpText("after", "\nExample:\n  deno task demo\n")
  .action(async ({ workers, json }) => {
    await requireExample();
    const original = await loadModelFile(exampleFolder("resnet8-fashion-mnist"));
    const { folded, found } = await withProgress(async (onProgress) => {
      const { file, report: found } = await prune({
        model: original,
        data: exampleFolder("fashion-mnist"),
        networkRepair: REPAIR,
        workers,
        onProgress,
        onForecast: (forecast) => say(describeForecast(forecast)),
      });
      return { found, folded: await fold(file) };
    });
    const report = wordReport(found);
    const { layers } = folded;
    const [before, after] = await measureLatencyOn(
      "tfjs-wasm",
      [original, folded.file],
      LATENCY,
    );
    if (json) {
      console.log(
        JSON.stringify(
          {
            ...report,
            folded: layers,
            latency: { before, after, ...LATENCY },
          } satisfies Outputs["demo"],
        ),
      );
      return;
    }
    console.log(describeReport(report));
    console.log(`folded      ${layers.before} -> ${layers.after} layers`);
    console.log(
      `latency     ${before.median.toFixed(1)} -> ${after.median.toFixed(1)} ms ` +
        `(${(after.median / before.median).toFixed(2)} of the original), ` +
        `${LATENCY.batchSize} images, stock TensorFlow.js, median of ${LATENCY.rounds}`,
    );
    console.log(adaptHelp(NEXT));
  });
