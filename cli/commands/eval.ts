import { Command, Option } from "@commander-js/extra-typings";
import { evaluate } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { printEvaluation } from "../output/evaluation.ts";
import { describeMeasuring } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";

const command = new Command("eval")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
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
      evaluate({
        ...dataOptions(model, flags, onProgress),
        split,
        reference: flags.reference,
        onForecast: (forecast) => say(describeMeasuring(forecast)),
      })
    );
    printEvaluation(report, flags);
  });
