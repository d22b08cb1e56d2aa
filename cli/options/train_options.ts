import { Command, Option } from "@commander-js/extra-typings";
import { networkNames, TRAINING_DEFAULTS } from "../../src/mod.ts";
import {
  badImagesOption,
  batchSizeEvalOption,
  dataOption,
  inputSizeOption,
  jsonOption,
  workersOption,
} from "./data_options.ts";
import { cardOption, foldOption, formatOption, quantizeOption } from "./output_options.ts";
import { positiveInteger } from "./parsers.ts";
import { createLatencyOption } from "../output/report_files.ts";
import { addStepOptions, createTuningOptions } from "./tuning_options.ts";

const tuningOptions = createTuningOptions(TRAINING_DEFAULTS);

/**
 * The command `train` with its options, which does nothing yet: `train` acts on it, and `pocketflow` reads its training by
 * it.
 *
 * @returns A command of its own.
 */
export function createTrainCommand() {
  const command = new Command("train")
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
    .addOption(formatOption)
    .addOption(quantizeOption)
    .addOption(cardOption)
    .addOption(tuningOptions.epochs)
    .addOption(tuningOptions.epochsRatio)
    .addOption(tuningOptions.batchSize);
  return addStepOptions(command, tuningOptions)
    .addOption(tuningOptions.seed)
    .addOption(tuningOptions.resume)
    .addOption(inputSizeOption)
    .addOption(batchSizeEvalOption)
    .addOption(badImagesOption)
    .addOption(workersOption)
    .addOption(createLatencyOption())
    .addOption(jsonOption);
}

/** Values of the options of `train`. */
export type TrainFlags = ReturnType<ReturnType<typeof createTrainCommand>["opts"]>;

/**
 * Reads the arguments of `train` without doing anything.
 *
 * @param args Options, in the spelling of the command line parser.
 * @returns Their values.
 * @throws {CommanderError} When they are not as `train` has them.
 */
export function parseTrainArguments(args: readonly string[]): TrainFlags {
  const command = createTrainCommand().exitOverride().configureOutput({ outputError: () => {} });
  command.parse([...args], { from: "user" });
  return command.opts();
}
