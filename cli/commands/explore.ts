import { Command } from "@commander-js/extra-typings";
import { explore, EXPLORE_DEFAULTS, refuseExistingFile, renderCurve } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { positiveInteger } from "../options/parsers.ts";
import {
  batchesOption,
  createBatchSizeOption,
  createChannelMultipleOption,
  createSeedOption,
  createStatisticsOption,
  pointsOption,
  ridgeOption,
  samplingSettings,
  skipOption,
} from "../options/sampling_options.ts";
import { createSharedOption } from "../options/shared_option.ts";
import {
  latencyTableOption,
  targetOption,
  targetRuntimeOption,
} from "../options/target_options.ts";
import { describeCurve } from "../output/curve.ts";
import { describeExploring } from "../output/forecast.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { wordNotices } from "../output/word_report.ts";
import { writeTextFile } from "../text_files.ts";
import type { Outputs } from "../output/outputs.ts";

const command = new Command("explore")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(dataOption)
  .option("--out <file>", "HTML file that the curve is drawn in (default: it is printed alone)")
  .option("--force", "replace the file that stands there")
  .addOption(targetOption)
  .addOption(latencyTableOption)
  .addOption(targetRuntimeOption)
  .option(
    "--images <n>",
    "held-out training images that networks are measured on",
    positiveInteger,
    EXPLORE_DEFAULTS.images,
  )
  .addOption(createStatisticsOption("for the run alone"))
  .addOption(createSharedOption().default(EXPLORE_DEFAULTS.shared))
  .addOption(createChannelMultipleOption().default(EXPLORE_DEFAULTS.channelMultiple))
  .addOption(skipOption)
  .addOption(batchesOption)
  .addOption(createBatchSizeOption())
  .addOption(pointsOption)
  .addOption(ridgeOption)
  .addOption(createSeedOption())
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption);

/** `explore MODEL --data D`. */
export const exploreCommand = addImageOptions(command)
  .addHelpText(
    "after",
    `
Example:
  deno task secateur explore cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --out curve.html
`,
  )
  .action(async (model, flags) => {
    const { out, force = false, json } = flags;
    if (out !== undefined) await refuseExistingFile(out, force);
    const found = await withProgress((onProgress) =>
      explore({
        ...dataOptions(model, flags, onProgress),
        target: flags.target,
        latencyTable: flags.latencyTable,
        runtime: flags.runtime,
        images: flags.images,
        statistics: flags.statistics,
        shared: flags.shared,
        channelMultiple: flags.channelMultiple,
        skip: flags.skip,
        ...samplingSettings(flags),
        ridge: flags.ridge,
        onForecast: (forecast) => say(describeExploring(forecast)),
      })
    );
    const curve = wordNotices(found);
    if (out !== undefined) await writeTextFile("the curve", out, await renderCurve(curve));
    if (json) console.log(JSON.stringify({ out, ...curve } satisfies Outputs["explore"]));
    else console.log(describeCurve(curve) + (out === undefined ? "" : `\nwritten to ${out}`));
  });
