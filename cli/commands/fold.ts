import { Command } from "@commander-js/extra-typings";
import {
  fold,
  openModel,
  refuseExistingModel,
  refuseUnwritable,
  saveModel,
} from "../../src/mod.ts";
import { jsonOption } from "../options/data_options.ts";
import { untilInterrupted } from "../interrupt.ts";
import { formatOption, quantizeOption } from "../options/output_options.ts";
import { formatBytes } from "../output/table.ts";
import type { Outputs } from "../output/outputs.ts";

/** `fold MODEL OUT`. */
export const foldCommand = new Command("fold")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .argument("<out>", "a folder, or a name that ends in .keras, .onnx or .tflite")
  .option("--force", "replace the model that stands in <out>")
  .addOption(formatOption)
  .addOption(quantizeOption)
  .addOption(jsonOption)
  .addHelpText(
    "after",
    `
BatchNormalization goes into the layer before it or, where that is exact, into the one behind it; what stands alone
becomes a 1x1 depthwise convolution. Activations become arguments of the layers before them, Dropout is left out.

Example:
  deno task secateur fold cli/example/resnet8-fashion-mnist folded
`,
  )
  .action(async (model, out, { force, format, quantize, json }) => {
    await refuseExistingModel(out, { force, format, quantize });
    const original = await openModel(model);
    refuseUnwritable(out, original, { format });
    const { file, layers, difference, isTelling } = await fold(original);
    const { bytes: after } = await untilInterrupted((signal) =>
      saveModel(out, file, { force, format, quantize, signal })
    );
    const bytes = { before: original.bytes, after };
    console.log(
      json
        ? JSON.stringify(
          { out, bytes, layers, difference, isTelling } satisfies Outputs["fold"],
        )
        : [
          `layers      ${layers.before} -> ${layers.after}`,
          `outputs     differ by ${difference.toExponential(1)} of their spread at most`,
          ...(isTelling ? [] : [
            "            which proves little: a changed weight made no difference on the inputs tried",
          ]),
          `written to ${out} (${formatBytes(after)})`,
        ].join("\n"),
    );
  });
