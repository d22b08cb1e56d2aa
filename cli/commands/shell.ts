import { Command } from "@commander-js/extra-typings";
import process from "node:process";
import { Workbench, WORKBENCH_DEFAULTS } from "../../src/mod.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  dataOptions,
  noLabelsOption,
} from "../options/data_options.ts";
import { createEffortOption } from "../options/effort_option.ts";
import { withProgress } from "../output/progress.ts";
import {
  batchesOption,
  createBatchSizeOption,
  createChannelMultipleOption,
  createSeedOption,
  createStatisticsOption,
  memoryOption,
  pointsOption,
  ridgeOption,
  samplingSettings,
  skipOption,
} from "../options/sampling_options.ts";
import { createSharedOption } from "../options/shared_option.ts";
import { sayAnyway } from "../output/messages.ts";

const command = new Command("shell")
  .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
  .addOption(createEffortOption().default(WORKBENCH_DEFAULTS.effort))
  .addOption(dataOption)
  .addOption(createStatisticsOption("while the shell runs"))
  .addOption(createSharedOption().default(WORKBENCH_DEFAULTS.shared))
  .addOption(createChannelMultipleOption().default(WORKBENCH_DEFAULTS.channelMultiple))
  .addOption(skipOption)
  .addOption(batchesOption)
  .addOption(createBatchSizeOption())
  .addOption(pointsOption)
  .addOption(ridgeOption)
  .addOption(createSeedOption())
  .addOption(memoryOption)
  .addOption(batchSizeEvalOption)
  .addOption(noLabelsOption);

/** `shell MODEL --data D`. */
export const shellCommand = addImageOptions(command)
  .addHelpText(
    "after",
    `
In the session \`help\` lists the commands, and Ctrl-C stops the one that runs. Commands from a pipe
end at the first that fails; with --json each prints one object.

Example:
  deno task secateur shell cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist \\
    --nb-batches 30 --statistics statistics.safetensors
  echo "keep all 0.5
  eval" | deno task secateur shell cli/example/resnet8-fashion-mnist --data cli/example/fashion-mnist
`,
  )
  .action(async (model, flags) => {
    const { runShell } = await import("../shell/shell_session.ts");
    const workbench = await withProgress((onProgress) =>
      Workbench.open({
        ...dataOptions(model, flags, onProgress),
        effort: flags.effort,
        shared: flags.shared,
        channelMultiple: flags.channelMultiple,
        skip: flags.skip,
        statistics: flags.statistics,
        ...samplingSettings(flags),
        ridge: flags.ridge,
        memoryBudget: flags.memory * 2 ** 20,
      })
    );
    try {
      const { stdin, stdout } = process;
      const isTerminal = Boolean(stdin.isTTY && stdout.isTTY) && !flags.json;
      await runShell(workbench, {
        input: stdin,
        output: stdout,
        isTerminal,
        print: (report, text) => console.log(flags.json ? JSON.stringify(report) : text),
        note: sayAnyway,
      });
    } finally {
      await workbench.close();
    }
  });
