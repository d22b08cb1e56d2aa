import { Command } from "@commander-js/extra-typings";
import { finetune, refuseExistingModel, TUNING_DEFAULTS } from "../src/mod.ts";
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
import { describeEpoch } from "./epoch.ts";
import { untilInterrupted } from "./interrupt.ts";
import { foldOption, quantizeOption } from "./output_options.ts";
import { withProgress } from "./progress.ts";
import {
  createDistillationOptions,
  createTuningOptions,
  finishTuning,
  tuningSettings,
} from "./tuning_options.ts";

const tuningOptions = createTuningOptions(TUNING_DEFAULTS);
const distillationOptions = createDistillationOptions();

/** `finetune MODEL --data D --out DIR`. */
export const finetuneCommand = new Command("finetune")
  .argument("<model>", "model.json or its folder, .keras, .h5 or .onnx")
  .addOption(dataOption)
  .requiredOption("--out <dir>", "folder for the model; the checkpoint is beside it")
  .option("--force", "replace the model that stands in --out")
  .addOption(foldOption)
  .addOption(quantizeOption)
  .addOption(distillationOptions.teacher)
  .addOption(distillationOptions.weight)
  .addOption(distillationOptions.temperature)
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
    "\nExample:\n  deno task secateur finetune smaller --data cli/example/fashion-mnist --out tuned \\\n" +
      "    --teacher cli/example/resnet8-fashion-mnist --epochs 3 --learning-rate 0.01\n",
  )
  .action(async (model, flags) => {
    await refuseExistingModel(flags.out, flags);
    const outcome = await untilInterrupted((signal) =>
      withProgress((onProgress) =>
        finetune({
          ...dataOptions(model, flags, onProgress),
          ...tuningSettings(flags),
          teacher: flags.teacher,
          onEpoch: describeEpoch,
          signal,
        })
      )
    );
    await finishTuning(outcome, flags);
  });
