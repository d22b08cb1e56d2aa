import { Command, Option } from "@commander-js/extra-typings";
import { CALIBRATION_DEFAULTS, TRAINING_DEFAULTS, TUNING_DEFAULTS } from "../../src/mod.ts";
import { FOREIGN_FLAGS, optionNameOf } from "../pocketflow/foreign_flags.ts";
import { nonNegativeNumber, positiveInteger, positiveNumber } from "./parsers.ts";
import { createPruneCommand } from "./prune_options.ts";
import { STEP_SIZE } from "./tuning_options.ts";

/** Options that training and pruning both have, by the name of their value. */
export const COMMON_OPTIONS: readonly string[] = [
  ...["data", "nbEpochsRat", "batchSize", "batchSizeEval", "momentum", "validationImages"],
  ...["seed", "latency", "maxBadImages", "workers"],
];

/** Options of pruning alone that are those of `prune`. */
export const PRUNING_OPTIONS: readonly string[] = [
  ...["force", "pruneOption", "uniformPreserveRatio", "pruneListFile", "preserveRatio"],
  ...["quadruple", "nbPointsPerLayer", "nbBatches", "nbRlouts", "nbRloutsMin", "rewardPolicy"],
  ...["noiseTolerance", "ddpgWidth", "ddpgLrnRate", "ddpgGamma", "ddpgTau", "ddpgBatchSize"],
  ...["ddpgNoiseStdInit", "ddpgNoiseStdFinl", "ddpgBslnDecyRate", "ddpgReplay", "enblDst"],
  ...["lossWDst", "temprDst", "finetune", "retrain", "listGroup", "nbItersFtRatio", "lrnRateFt"],
  ...["quantize", "shared", "slowSelectors", "skip", "teacher"],
];

/** Options of pruning that say what the images of a model become that is given. */
export const IMAGE_OPTIONS = [
  ...["preprocess", "scale", "mean", "std", "inputSize", "classes", "exifOrientation"] as const,
];

/** What is said of options whose description for `prune` names options that are not here. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  data: "folder of the data set, or an .npz file: CIFAR-10 binary as in PocketFlow, or any other " +
    "that Secateur reads (data_dir_local)",
  force: "replace the model that is written",
  preserveRatio:
    "share of the multiply-accumulates that the model keeps, for auto and budget (cp_preserve_ratio)",
  batchSize:
    `images of a step (default: ${STEP_SIZE}), and of every batch of statistics (default: ${CALIBRATION_DEFAULTS.batchSize}) (batch_size)`,
  nbEpochsRat:
    `factor of ${TRAINING_DEFAULTS.epochs} epochs of training and ${TUNING_DEFAULTS.epochs} of ` +
    "tuning; part of an epoch is a share of its steps (nb_epochs_rat)",
  nbItersFtRatio: "share of the tuning that is spent on every group (cp_nb_iters_ft_ratio)",
  retrain: "tune after every group as at the end, instead (cp_retrain)",
  momentum: "share of the velocity that is kept (momentum)",
  seed: "seed of weights, order, choice of images and search",
};

/** Heading of the options of tuning, which is always on. */
const TUNING_GROUP = "Training and tuning:";

/** What PocketFlow's scripts begin with where they train on CIFAR-10, and the networks that they make. */
export const SCRIPTS = ["resnet_at_cifar10", "mobilenet_at_cifar10", "vgg_at_cifar10"] as const;

/** A script of PocketFlow by the name of its network. */
export type Script = typeof SCRIPTS[number];

/** Values of the options that decide what is trained and pruned. */
export interface PocketflowFlags {
  /** The learner. */
  readonly learner: string;
  /** Whether something is made or measured. */
  readonly execMode: "train" | "eval";
  /** Depth of a ResNet. */
  readonly resnetSize: number;
  /** Version of a MobileNet. */
  readonly mobilenetVersion: "1" | "2";
  /** Where the unpruned model is. */
  readonly savePath: string;
  /** Where the pruned model goes. */
  readonly channelPrunedPath: string;
  /** A trained model somewhere else. */
  readonly model?: string;
  /** Learning rate at `batchSizeNorm` images a step. */
  readonly lrnRateInit: number;
  /** Images of a step that the learning rate is given for. */
  readonly batchSizeNorm: number;
  /** Pull of kernels towards zero. */
  readonly lossWDcy: number;
  /** Images of a step. */
  readonly batchSize?: number;
  /** Whether the unpruned model is the teacher. */
  readonly enblDst?: boolean;
}

/**
 * The command `pocketflow` with its argument and options, which does nothing yet.
 *
 * @returns A command of its own.
 */
export function createPocketflowCommand(): Command<[string]> {
  const command = new Command("pocketflow")
    .argument("<script>", `${SCRIPTS.join(", ")}, or PocketFlow's script of that name`)
    .option("--learner <name>", "full-prec trains, channel prunes (learner)", "full-prec")
    .addOption(
      new Option("--exec-mode <mode>", "make a model, or measure it (exec_mode)")
        .choices(["train", "eval"]).default("train"),
    )
    .option("--resnet-size <n>", "depth of a ResNet, 6n + 2 (resnet_size)", positiveInteger, 20)
    .addOption(
      new Option("--mobilenet-version <n>", "version of a MobileNet (mobilenet_version)")
        .choices(["1", "2"]).default("1"),
    )
    .option(
      "--save-path <path>",
      "folder of the unpruned model, trained where there is none; .ckpt is left away (save_path)",
      "./models/model.ckpt",
    )
    .option(
      "--channel-pruned-path <path>",
      "folder for the pruned model; .ckpt is left away (cp_channel_pruned_path)",
      "./models/pruned_model.ckpt",
    )
    .option("--model <model>", "trained model to prune, instead of the one at --save-path")
    .option(
      "--lrn-rate-init <number>",
      "largest learning rate of training, at --batch-size-norm images a step; tuning takes a fifth (lrn_rate_init)",
      positiveNumber,
      TRAINING_DEFAULTS.learningRate,
    )
    .option(
      "--batch-size-norm <n>",
      "images of a step that --lrn-rate-init is given for (batch_size_norm)",
      positiveNumber,
      TRAINING_DEFAULTS.batchSize,
    )
    .option(
      "--loss-w-dcy <number>",
      "pull of kernels towards zero (loss_w_dcy)",
      nonNegativeNumber,
      2e-4,
    )
    .addOption(
      new Option(
        "--lasso <true|false>",
        "choose channels by the Lasso, or else by the size of their weights (cp_lasso)",
      ).choices(["true", "false"]).default("true"),
    );
  const prune = createPruneCommand().options;
  for (const name of [...COMMON_OPTIONS, ...PRUNING_OPTIONS, ...IMAGE_OPTIONS, "resume", "json"]) {
    command.addOption(withOwnWords(prune.find((option) => option.attributeName() === name)!));
  }
  for (const name of FOREIGN_FLAGS.keys()) {
    command.addOption(new Option(`--${optionNameOf(name)} <value>`).hideHelp());
  }
  return command as unknown as Command<[string]>;
}

/** A copy of an option, which other commands share. */
function withOwnWords(option: Option): Option {
  const copy: Option = Object.assign(Object.create(Object.getPrototypeOf(option)), option);
  copy.description = OWN_WORDS[option.attributeName()] ?? option.description;
  if (option.helpGroupHeading?.startsWith("Tuning")) copy.helpGroupHeading = TUNING_GROUP;
  return copy;
}
