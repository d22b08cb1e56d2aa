import { Command, Option } from "@commander-js/extra-typings";
import { evaluate, type EvaluationReport } from "../src/mod.ts";
import {
  badImagesOption,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  inputSizesOption,
  jsonOption,
  meanOption,
  noLabelsOption,
  preprocessOption,
  scaleOption,
  stdOption,
  workersOption,
} from "./data_options.ts";
import { withProgress } from "./progress.ts";
import { formatPercent } from "./table.ts";

/** `eval MODEL --data D`. */
export const evalCommand = new Command("eval")
  .argument("<model>", "model.json or its folder, .keras, .h5 or .onnx")
  .addOption(dataOption)
  .addOption(
    new Option("--split <name>", "images to measure on").choices(["test", "train"]).default("test"),
  )
  .option("--reference <model>", "compare the outputs with this model's, instead of classifying")
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption)
  .addOption(preprocessOption)
  .addOption(scaleOption)
  .addOption(meanOption)
  .addOption(stdOption)
  .addOption(inputSizesOption)
  .addOption(badImagesOption)
  .addOption(workersOption)
  .addOption(jsonOption)
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
    for (const name of report.unreadable) console.error(`skipped ${name}: it cannot be read`);
  });

function describeFigures({ accuracy, loss, outputError, outputs }: EvaluationReport): string {
  if (outputError === undefined) {
    return `accuracy ${formatPercent(accuracy!)}, loss ${loss.toFixed(4)}`;
  }
  const each = outputs!.map(({ name, error }) => `${name} ${formatPercent(error)}`).join(", ");
  return `relative error of the outputs ${formatPercent(outputError)}` +
    (outputs!.length > 1 ? ` (${each})` : "");
}
