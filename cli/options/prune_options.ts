import { Command, Option } from "@commander-js/extra-typings";
import { CALIBRATION_DEFAULTS, TUNING_DEFAULTS, WITHOUT_DATA_DEFAULTS } from "../../src/mod.ts";
import { createLatencyOption } from "../output/report_files.ts";
import {
  addImageOptions,
  batchSizeEvalOption,
  dataOption,
  noLabelsOption,
} from "./data_options.ts";
import { createEffortOption } from "./effort_option.ts";
import { cardOption, foldOption, formatOption, quantizeOption } from "./output_options.ts";
import { boolean, positiveInteger, positiveNumber, ratio } from "./parsers.ts";
import { attemptsOption, blobsOption, queueOption } from "./queue_options.ts";
import {
  batchesOption,
  createChannelMultipleOption,
  createSeedOption,
  createStatisticsOption,
  memoryOption,
  pointsOption,
  ridgeOption,
  skipOption,
} from "./sampling_options.ts";
import { searchOptions } from "./search_options.ts";
import { createSharedOption } from "./shared_option.ts";
import { latencyTableOption, targetOption, targetRuntimeOption } from "./target_options.ts";
import {
  addStepOptions,
  createDistillationOptions,
  createTuningOptions,
  STEP_SIZE,
} from "./tuning_options.ts";

const tuningOptions = createTuningOptions(TUNING_DEFAULTS);
const distillationOptions = createDistillationOptions();
const SHARE_WITHOUT_DATA = WITHOUT_DATA_DEFAULTS.policy.share;
const GROUP_DEFAULTS = { size: 1000, epochShare: 0.2, learningRate: 1e-4 };

/**
 * The command `prune` with its argument and options, which does nothing yet: `prune` acts on it, and a sweep reads its runs
 * by it.
 *
 * @returns A command of its own.
 */
export function createPruneCommand() {
  const base = new Command("prune")
    .argument("<model>", "model.json or its folder, .keras, .h5, .onnx or .tflite")
    .addOption(
      createEffortOption(
        "standard; with --prune-option auto, uniform or list none, they are PocketFlow's method and no more",
      ),
    )
    .addOption(dataOption)
    .addOption(
      new Option(
        "--no-data",
        `prune without images: channels by their weights and BatchNormalization, means of what is removed into biases; nothing is measured, and ${SHARE_WITHOUT_DATA} of the cost is kept unless --budget says otherwise`,
      ).implies({ preserveRatio: SHARE_WITHOUT_DATA }),
    )
    .requiredOption("--out <dir>", "folder for the smaller model")
    .option("--force", "replace the model that stands in --out")
    .addOption(foldOption)
    .addOption(formatOption)
    .addOption(quantizeOption)
    .addOption(cardOption)
    .addOption(
      new Option(
        "--prune-option <policy>",
        "where the ratios come from: an agent that tries networks out (auto), the least error within a budget (budget), the same everywhere (uniform), or a file (list) (default: as --effort says; auto where an option of the search is given) (cp_prune_option)",
      ).choices(["auto", "budget", "uniform", "list"]),
    )
    .addOption(
      new Option(
        "--uniform-preserve-ratio <ratio>",
        "share of its input channels each convolution keeps (cp_uniform_preserve_ratio)",
      ).argParser(ratio).default(0.6),
    )
    .option(
      "--prune-list-file <file>",
      "ratios with commas between, one for each Conv2D in the order of `inspect` (cp_prune_list_file)",
      "ratio.list",
    )
    .addOption(
      new Option(
        "--preserve-ratio <ratio>",
        "share of --target that the model keeps, for auto and budget; --budget is the same (cp_preserve_ratio)",
      ).argParser(ratio).default(0.5),
    )
    .addOption(targetOption)
    .addOption(latencyTableOption)
    .addOption(targetRuntimeOption)
    .addOption(
      new Option(
        "--max-drop <points>",
        "in place of a budget: the smallest network that loses at most so many points of accuracy on held-out training images",
      ).argParser(positiveNumber).conflicts(["maxError", "pruneOption"]),
    )
    .addOption(
      new Option(
        "--max-error <error>",
        "in place of a budget, where outputs are compared: the smallest network whose relative error on held-out training images is at most this",
      ).argParser(positiveNumber).conflicts("pruneOption"),
    )
    .addOption(
      new Option(
        "--select <method>",
        "how channels are chosen: structured elimination, the Lasso of He et al. 2017, or the largest weights (default: obs)",
      ).choices(["obs", "lasso", "magnitude"]),
    )
    .option(
      "--lasso <true|false>",
      "true is --select lasso, false is --select magnitude (cp_lasso)",
      boolean,
    )
    .addOption(createSharedOption(" (default: couple with auto and budget, otherwise select)"))
    .option(
      "--slow-selectors",
      "cut convolutions also where their selector takes more time than it saves (default: they stay whole, except with --target params, and with latency, which measures it)",
    )
    .option(
      "--keep-blocks",
      "keep every residual block (default: one leaves where that is the better way to save)",
    )
    .option("--quadruple", "keep multiples of four channels (cp_quadruple)")
    .addOption(createChannelMultipleOption(" (default: 1)"))
    .addOption(skipOption)
    .addOption(batchesOption)
    .option(
      "--batch-size <n>",
      `images of every such batch (default: ${CALIBRATION_DEFAULTS.batchSize}), and of a step of tuning (default: ${STEP_SIZE}) (batch_size)`,
      positiveInteger,
    )
    .addOption(pointsOption)
    .addOption(createStatisticsOption("for the run alone"))
    .addOption(ridgeOption)
    .addOption(createSeedOption(", and of tuning"))
    .addOption(memoryOption)
    .addOption(
      new Option(
        "--repair <extent>",
        "how far the smaller network is repaired: layer by layer, or after that as a whole, by the unpruned network's outputs on the calibration images, without labels (default: as --effort says; layers with auto, uniform and list alone)",
      ).choices(["layers", "network"]),
    )
    .option(
      "--repair-steps <n>",
      "steps of --repair network (default: about three minutes' worth, twenty passes over the images at most)",
      positiveInteger,
    )
    .option(
      "--no-repair-augment",
      "show --repair network the images as they are, not shifted and mirrored at random: for networks that read text or tell left from right",
    )
    .option("--no-verify", "skip the check that the shrunk model and the masked original agree")
    .optionsGroup("Search, with --prune-option auto:")
    .addOption(searchOptions.rollouts)
    .addOption(searchOptions.rolloutsMin)
    .addOption(searchOptions.proposals)
    .addOption(searchOptions.rewardPolicy)
    .addOption(searchOptions.noiseTolerance)
    .addOption(searchOptions.start)
    .addOption(searchOptions.images)
    .addOption(searchOptions.finalists)
    .addOption(searchOptions.ratioNoise)
    .addOption(searchOptions.randomEvery)
    .addOption(searchOptions.exploreEvery)
    .addOption(
      new Option(queueOption.flags as "--queue <url>", queueOption.description)
        .implies({ pruneOption: "auto" }),
    )
    .addOption(blobsOption)
    .addOption(attemptsOption)
    .addOption(searchOptions.width)
    .addOption(searchOptions.learningRate)
    .addOption(searchOptions.discount)
    .addOption(searchOptions.targetRate)
    .addOption(searchOptions.agentBatch)
    .addOption(searchOptions.noiseFirst)
    .addOption(searchOptions.noiseLast)
    .addOption(searchOptions.baselineDecay)
    .addOption(searchOptions.replayCapacity)
    .optionsGroup("Tuning, which --epochs, --enbl-dst, --teacher, --finetune or --retrain turn on:")
    .addOption(
      new Option(
        "--epochs <n>",
        `passes over the training images, to tune the pruned network (default: ${TUNING_DEFAULTS.epochs} where tuning is on)`,
      ).argParser(positiveInteger),
    )
    .addOption(tuningOptions.epochsRatio)
    .option("--enbl-dst", "imitate the unpruned model (distillation) (enbl_dst)")
    .addOption(distillationOptions.teacher)
    .addOption(distillationOptions.weight)
    .addOption(distillationOptions.temperature)
    .option("--finetune", "tune after every group of convolutions too, with Adam (cp_finetune)")
    .option(
      "--list-group <n>",
      "convolutions of a group (cp_list_group)",
      positiveInteger,
      GROUP_DEFAULTS.size,
    )
    .option(
      "--nb-iters-ft-ratio <ratio>",
      "share of --epochs that is spent on every group (cp_nb_iters_ft_ratio)",
      ratio,
      GROUP_DEFAULTS.epochShare,
    )
    .option(
      "--lrn-rate-ft <number>",
      "Adam's learning rate for groups (cp_lrn_rate_ft)",
      positiveNumber,
      GROUP_DEFAULTS.learningRate,
    )
    .option(
      "--retrain",
      "tune after every group as at the end, instead: all of --epochs (cp_retrain)",
    );
  const command = addStepOptions(base, tuningOptions)
    .addOption(tuningOptions.resume)
    .optionsGroup("Data and output:")
    .addOption(batchSizeEvalOption)
    .addOption(noLabelsOption)
    .addOption(createLatencyOption());
  return addImageOptions(command);
}

/** Values of the options of `prune`. */
export type PruneFlags = Omit<ReturnType<ReturnType<typeof createPruneCommand>["opts"]>, "data"> & {
  /** Folder or file of the data set. */
  readonly data: string;
};

/**
 * Reads the arguments of `prune` without doing anything.
 *
 * @param args Model and options, in the spelling of the command line parser.
 * @returns The model and the values of the options.
 * @throws {CommanderError} When they are not as `prune` has them.
 */
export function parsePruneArguments(
  args: readonly string[],
): { model: string; flags: PruneFlags } {
  const command = createPruneCommand().exitOverride().configureOutput({ outputError: () => {} });
  command.parse([...args], { from: "user" });
  const [model] = command.processedArgs;
  return { model, flags: command.opts() as PruneFlags };
}
