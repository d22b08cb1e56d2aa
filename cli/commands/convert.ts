import { Command } from "@commander-js/extra-typings";
import { openModel, refuseExistingModel, refuseUnwritable, saveModel } from "../../src/mod.ts";
import { jsonOption } from "../options/data_options.ts";
import { untilInterrupted } from "../interrupt.ts";
import {
  foldIfAsked,
  foldOption,
  formatOption,
  quantizeOption,
} from "../options/output_options.ts";
import { positiveInteger } from "../options/parsers.ts";
import { formatBytes } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** A number of images, or null where it is to stay open. */
function parseBatch(text: string): number | null {
  return text === "open" ? null : positiveInteger(text);
}

/** `convert IN OUT`. */
export const convertCommand = new Command("convert")
  .argument("<in>", "model.json of tfjs or its folder, .keras or .h5 of Keras, .onnx or .tflite")
  .argument(
    "<out>",
    "a name that ends in .keras, .onnx or .tflite, or a folder for a tfjs model",
  )
  .option("--force", "replace the model that stands in <out>")
  .addOption(foldOption)
  .addOption(formatOption)
  .addOption(quantizeOption)
  .option(
    "--batch <images>",
    "images that go through a .tflite file at once, or open, which LiteRT.js does not take (default: 1)",
    parseBatch,
  )
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur convert cli/example/resnet8-fashion-mnist resnet8.onnx\n",
  )
  .action(async (from, out, flags) => {
    const { force, format, quantize, batch, json } = flags;
    await refuseExistingModel(out, { force, format, quantize, batch });
    const original = await openModel(from);
    refuseUnwritable(out, original, { format });
    const file = await foldIfAsked(original, flags);
    const { bytes } = await untilInterrupted((signal) =>
      saveModel(out, file, { force, format, quantize, batch, signal })
    );
    const isDequantized = original.metadata?.dequantized === true;
    if (json) {
      const report: Outputs["convert"] = {
        out,
        bytes: { before: original.bytes, after: bytes },
        ...(isDequantized && { dequantized: true }),
      };
      console.log(JSON.stringify(report));
      return;
    }
    if (isDequantized) {
      console.log(`${from} computes with integers; floats that they stand for are written`);
    }
    console.log(`written to ${out} (${formatBytes(bytes)})`);
  });
