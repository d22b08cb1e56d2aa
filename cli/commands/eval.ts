import { Command, Option } from "@commander-js/extra-typings";
import { evaluate, type EvaluationReport } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { formatPercent } from "../output/table.ts";

const command = new Command("eval")
  .argument("<model>", "model.json or its folder, .keras, .h5 or .onnx")
  .addOption(dataOption)
  .addOption(
    new Option("--split <name>", "images to measure on").choices(["test", "train"]).default(
      "test",
    ),
  )
  .option("--reference <model>", "compare the outputs with this model's, instead of classifying")
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption);

/** `eval MODEL --data D`. */
export const evalCommand = addImageOptions(command)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur eval cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist\n",
  )
  .action(async (model, flags) => {
    const split = flags.split === "train" ? "train" : "test";
    const report = await withProgress((onProgress) =>
      evaluate({ ...dataOptions(model, flags, onProgress), split, reference: flags.reference })
    );
    if (flags.json) {
      console.log(JSON.stringify(report));
      return;
    }
    console.log(
      `${describeFigures(report)} on ${report.images} images in ${report.seconds.toFixed(1)} s`,
    );
    for (const name of report.unreadable) say(`skipped ${name}: it cannot be read`);
  });

function describeFigures({ accuracy, loss, outputError, outputs }: EvaluationReport): string {
  if (outputError === undefined) {
    return `accuracy ${formatPercent(accuracy!)}, loss ${loss.toFixed(4)}`;
  }
  const each = outputs!.map(({ name, error }) => `${name} ${formatPercent(error)}`).join(", ");
  return `relative error of the outputs ${formatPercent(outputError)}` +
    (outputs!.length > 1 ? ` (${each})` : "");
}
