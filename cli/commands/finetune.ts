import { Command } from "@commander-js/extra-typings";
import {
  finetune,
  openModel,
  refuseExistingModel,
  refuseUnwritable,
  TUNING_DEFAULTS,
} from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { describeEpoch } from "../output/epoch.ts";
import { describeTraining } from "../output/forecast.ts";
import { keepAtInterrupt, untilInterrupted } from "../interrupt.ts";
import { cardOption, foldOption, formatOption, quantizeOption } from "../options/output_options.ts";
import { say } from "../output/messages.ts";
import { withProgress } from "../output/progress.ts";
import { createLatencyOption } from "../output/report_files.ts";
import {
  addStepOptions,
  checkpointFolder,
  createDistillationOptions,
  createTuningOptions,
  describeState,
  printTuning,
  tuningSettings,
  writeTuning,
} from "../options/tuning_options.ts";

const tuningOptions = createTuningOptions(TUNING_DEFAULTS);
const distillationOptions = createDistillationOptions();

const base = new Command("finetune")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(dataOption)
  .requiredOption("--out <dir>", "folder for the model; the checkpoint is beside it")
  .option("--force", "replace the model that stands in --out")
  .addOption(foldOption)
  .addOption(formatOption)
  .addOption(quantizeOption)
  .addOption(cardOption)
  .addOption(distillationOptions.teacher)
  .addOption(distillationOptions.weight)
  .addOption(distillationOptions.temperature)
  .addOption(tuningOptions.epochs)
  .addOption(tuningOptions.epochsRatio)
  .addOption(tuningOptions.batchSize);

const command = addStepOptions(base, tuningOptions)
  .addOption(tuningOptions.seed)
  .addOption(tuningOptions.resume)
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption)
  .addOption(createLatencyOption());

/** `finetune MODEL --data D --out DIR`. */
export const finetuneCommand = addImageOptions(command)
  .addHelpText(
    "after",
    "\nExample:\n  deno task secateur finetune smaller --data cli/example/fashion-mnist --out tuned \\\n" +
      "    --teacher cli/example/resnet8-fashion-mnist --epochs 3 --learning-rate 0.01 --validation-images 500\n",
  )
  .action(async (model, flags) => {
    await refuseExistingModel(flags.out, flags);
    const file = await openModel(model);
    refuseUnwritable(flags.out, file, flags);
    keepAtInterrupt(() => describeState(checkpointFolder(flags.out)));
    const outcome = await untilInterrupted((signal) =>
      withProgress((onProgress) =>
        finetune({
          ...dataOptions(model, flags, onProgress),
          ...tuningSettings(flags),
          model: file,
          teacher: flags.teacher,
          onEpoch: describeEpoch,
          onForecast: (forecast) => say(describeTraining(forecast)),
          signal,
        })
      )
    );
    printTuning(await writeTuning(outcome, { kind: "finetune", model: file }, flags), flags);
  });
