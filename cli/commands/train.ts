import { Command, Option } from "@commander-js/extra-typings";
import { networkNames, refuseExistingModel, train, TRAINING_DEFAULTS } from "../../src/mod.ts";
import {
  badImagesOption,
  batchSizeEvalOption,
  dataOption,
  inputSizeOption,
  jsonOption,
  workersOption,
} from "../options/data_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { keepAtInterrupt, untilInterrupted } from "../interrupt.ts";
import { foldOption, quantizeOption } from "../options/output_options.ts";
import { positiveInteger } from "../options/parsers.ts";
import { withProgress } from "../output/progress.ts";
import { createLatencyOption } from "../output/report_files.ts";
import {
  checkpointFolder,
  createTuningOptions,
  describeState,
  finishTuning,
  tuningSettings,
} from "../options/tuning_options.ts";
import { UsageError } from "../usage_error.ts";

const tuningOptions = createTuningOptions(TRAINING_DEFAULTS);

/** `train --net N --data D --out DIR`. */
export const trainCommand = new Command("train")
  .addOption(
    new Option("--net <name>", `network: ${networkNames.join(", ")}, or resnetN with N = 6n + 2`),
  )
  .addOption(
    new Option("--resnet-size <n>", "depth of a ResNet, instead of --net (resnet_size)")
      .argParser(positiveInteger),
  )
  .addOption(dataOption)
  .requiredOption("--out <dir>", "folder for the model; the checkpoint is beside it")
  .option("--force", "replace the model that stands in --out")
  .addOption(foldOption)
  .addOption(quantizeOption)
  .addOption(tuningOptions.epochs)
  .addOption(tuningOptions.epochsRatio)
  .addOption(tuningOptions.batchSize)
  .addOption(tuningOptions.learningRate)
  .addOption(tuningOptions.schedule)
  .addOption(tuningOptions.optimizer)
  .addOption(tuningOptions.momentum)
  .addOption(tuningOptions.weightDecay)
  .addOption(tuningOptions.labelSmoothing)
  .addOption(tuningOptions.shift)
  .addOption(tuningOptions.noFlip)
  .addOption(tuningOptions.validationImages)
  .addOption(tuningOptions.patience)
  .addOption(tuningOptions.seed)
  .addOption(tuningOptions.resume)
  .addOption(inputSizeOption)
  .addOption(batchSizeEvalOption)
  .addOption(badImagesOption)
  .addOption(workersOption)
  .addOption(createLatencyOption())
  .addOption(jsonOption)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur train --net resnet8 --data cli/example/fashion-mnist --out trained \\\n" +
      "    --epochs 5 --validation-images 500\n",
  )
  .action(async (flags) => {
    const net = networkOf(flags);
    await refuseExistingModel(flags.out, flags);
    keepAtInterrupt(() => describeState(checkpointFolder(flags.out)));
    const outcome = await untilInterrupted((signal) =>
      withProgress((onProgress) =>
        train({
          ...tuningSettings(flags),
          net,
          data: flags.data,
          inputSize: flags.inputSize,
          batchSizeEval: flags.batchSizeEval,
          badImageShare: flags.maxBadImages,
          workers: flags.workers,
          onProgress,
          onEpoch: describeEpoch,
          signal,
        })
      )
    );
    await finishTuning(outcome, { kind: "train", net }, flags);
  });

function networkOf({ net, resnetSize }: { net?: string; resnetSize?: number }): string {
  const sized = resnetSize === undefined ? undefined : `resnet${resnetSize}`;
  if (net !== undefined && sized !== undefined && net !== sized) {
    throw new UsageError(
      `reading --net ${net} and --resnet-size ${resnetSize}: found both, which disagree; give one of them`,
    );
  }
  const name = net ?? sized;
  if (name === undefined) {
    throw new UsageError(
      `reading --net: found none, wanted one of ${
        networkNames.join(", ")
      }; give --net or --resnet-size`,
    );
  }
  return name;
}
