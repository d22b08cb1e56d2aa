import { Command, Option } from "@commander-js/extra-typings";
import { explore, EXPLORE_DEFAULTS, refuseExistingFile, renderCurve } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { positiveInteger, seedInteger } from "../options/parsers.ts";
import {
  batchesOption,
  pointsOption,
  ridgeOption,
  skipOption,
} from "../options/sampling_options.ts";
import { createSharedOption } from "../options/shared_option.ts";
import {
  latencyTableOption,
  targetOption,
  targetRuntimeOption,
} from "../options/target_options.ts";
import { describeCurve } from "../output/curve.ts";
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
  .option(
    "--statistics <file>",
    "statistics of the model: read where the file is there, else gathered and written to it (default: gathered and kept for the run alone)",
  )
  .addOption(createSharedOption().default(EXPLORE_DEFAULTS.shared))
  .option(
    "--channel-multiple <n>",
    "keep a multiple of this many channels",
    positiveInteger,
    EXPLORE_DEFAULTS.channelMultiple,
  )
  .addOption(skipOption)
  .addOption(batchesOption)
  .option(
    "--batch-size <n>",
    "images of every such batch (batch_size)",
    positiveInteger,
    EXPLORE_DEFAULTS.batchSize,
  )
  .addOption(pointsOption)
  .addOption(ridgeOption)
  .addOption(
    new Option("--seed <n>", "seed of the choice of images and positions")
      .argParser(seedInteger).default(EXPLORE_DEFAULTS.seed),
  )
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
        batches: flags.nbBatches,
        batchSize: flags.batchSize,
        pointsPerImage: flags.nbPointsPerLayer,
        ridge: flags.ridge,
        seed: flags.seed,
      })
    );
    const curve = wordNotices(found);
    if (out !== undefined) await writeTextFile("the curve", out, await renderCurve(curve));
    if (json) console.log(JSON.stringify({ out, ...curve } satisfies Outputs["explore"]));
    else console.log(describeCurve(curve) + (out === undefined ? "" : `\nwritten to ${out}`));
  });
