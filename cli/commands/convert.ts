import { Command } from "@commander-js/extra-typings";
import { openModel, refuseExistingModel, saveModel } from "../../src/mod.ts";
import { jsonOption } from "../options/data_options.ts";
import { untilInterrupted } from "../interrupt.ts";
import { foldIfAsked, foldOption, quantizeOption } from "../options/output_options.ts";
import { formatBytes } from "../output/table.ts";

/** `convert IN OUT`. */
export const convertCommand = new Command("convert")
  .argument("<in>", "model.json of tfjs or its folder, .keras or .h5 of Keras, .onnx or .tflite")
  .argument(
    "<out>",
    "a name that ends in .keras, .onnx or .tflite, or a folder for a tfjs layers model",
  )
  .option("--force", "replace the model that stands in <out>")
  .addOption(foldOption)
  .addOption(quantizeOption)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur convert cli/example/resnet8-fashion-mnist resnet8.onnx\n",
  )
  .action(async (from, out, flags) => {
    const { force, quantize, json } = flags;
    await refuseExistingModel(out, { force, quantize });
    const original = await openModel(from);
    const file = await foldIfAsked(original, flags);
    const { bytes } = await untilInterrupted((signal) =>
      saveModel(out, file, { force, quantize, signal })
    );
    console.log(
      json
        ? JSON.stringify({ out, bytes: { before: original.bytes, after: bytes } })
        : `written to ${out} (${formatBytes(bytes)})`,
    );
  });
