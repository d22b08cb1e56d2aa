import { join } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { TRAINING_DEFAULTS, TUNING_DEFAULTS } from "../../src/mod.ts";
import {
  COMMON_OPTIONS,
  IMAGE_OPTIONS,
  type PocketflowFlags,
  PRUNING_OPTIONS,
  type Script,
  SCRIPTS,
} from "../options/pocketflow_options.ts";
import { parsePruneArguments, type PruneFlags } from "../options/prune_options.ts";
import { parseTrainArguments, type TrainFlags } from "../options/train_options.ts";
import { UsageError } from "../usage_error.ts";
import { FOREIGN_FLAGS, FOREIGN_LEARNERS, optionNameOf } from "./foreign_flags.ts";

/** What a command of PocketFlow comes to. */
export interface PocketflowPlan {
  /** What is done in the end: the network is trained, pruned too, or only measured. */
  readonly goal: "train" | "prune" | "eval";
  /** Path of the model that is pruned or measured. */
  readonly model: string;
  /** The training that makes this model; undefined for a model that was given. */
  readonly training?: TrainFlags;
  /** The pruning. */
  readonly pruning: PruneFlags;
  /** What the command may not have meant. */
  readonly note?: string;
}

/** Options that say nothing about a training. */
const IDLE_OPTIONS: readonly string[] = [
  ...["lasso", "channelPrunedPath"],
  ...PRUNING_OPTIONS.filter((name) => name !== "force" && name !== "quantize"),
];

/** Options that belong to the networks of one script. */
const NETWORK_OPTIONS: Record<string, Script> = {
  resnetSize: "resnet_at_cifar10",
  mobilenetVersion: "mobilenet_at_cifar10",
};

/**
 * Reads what a command of PocketFlow asks for.
 *
 * @param script The script, as it was typed.
 * @param command The command with its parsed options.
 * @returns The training and the pruning that it comes to.
 * @throws {UsageError} When it asks for what Secateur has not; the message says what takes its place.
 */
export function planPocketflow(script: string, command: Command<[string]>): PocketflowPlan {
  refuseForeignFlags(command);
  const flags = command.opts() as unknown as PocketflowFlags;
  const goal = goalOf(flags);
  const network = scriptOf(script);
  refuseOtherNetworks(network, command);
  const net = networkOf(network, flags);
  const [trained, pruned] = [folderOf(flags.savePath), folderOf(flags.channelPrunedPath)];
  refuseTogether(flags, trained, pruned);
  if (flags.model === undefined && goal !== "eval") refuseImageOptions(command);
  const { batchSize = TRAINING_DEFAULTS.batchSize } = flags;
  const rate = flags.lrnRateInit * batchSize / flags.batchSizeNorm;
  const tuned = rate * TUNING_DEFAULTS.learningRate / TRAINING_DEFAULTS.learningRate;
  const common = ["--weight-decay", `${flags.lossWDcy}`, ...argumentsOf(command, COMMON_OPTIONS)];
  const isFullPrecision = flags.learner === "full-prec";
  const training = parseTrainArguments([
    ...["--net", net, "--out", trained, "--learning-rate", `${rate}`, ...common],
    ...(isFullPrecision ? argumentsOf(command, ["force", "quantize"]) : []),
  ]);
  const { flags: pruning } = parsePruneArguments([
    ...[
      "model",
      "--prune-option",
      "auto",
      "--out",
      pruned,
      "--learning-rate",
      `${tuned}`,
      ...common,
    ],
    ...[
      "--epochs",
      `${TUNING_DEFAULTS.epochs}`,
      ...argumentsOf(command, [...PRUNING_OPTIONS, "lasso"]),
    ],
  ]);
  const unpruned = flags.model ?? trained;
  return {
    goal,
    model: goal === "eval" && !isFullPrecision ? pruned : unpruned,
    training: flags.model === undefined ? training : undefined,
    pruning: { ...pruning, ...imageOptionsOf(command.opts()) },
    note: noteOfIdleFlags(goal, command),
  };
}

function refuseForeignFlags(command: Command<[string]>): void {
  for (const [flag, { only, instead }] of FOREIGN_FLAGS) {
    const option = command.options.find((other) => other.name() === optionNameOf(flag))!;
    const value = command.getOptionValue(option.attributeName()) as string | undefined;
    if (value === undefined || saysTheSame(value, only)) continue;
    const wanted = only === undefined ? "a flag that Secateur has" : only;
    throw new UsageError(`reading --${flag}: found ${value}, wanted ${wanted}; ${instead}`);
  }
}

function saysTheSame(value: string, only: string | undefined): boolean {
  return value.toLowerCase() === only || Number(value) === Number(only);
}

function goalOf({ learner, execMode }: PocketflowFlags): PocketflowPlan["goal"] {
  if (learner !== "full-prec" && learner !== "channel") {
    const instead = FOREIGN_LEARNERS.get(learner) ?? "give one of them";
    throw new UsageError(
      `reading --learner: found ${learner}, wanted full-prec or channel; ${instead}`,
    );
  }
  if (execMode === "eval") return "eval";
  return learner === "channel" ? "prune" : "train";
}

/** Without a learner PocketFlow trains, and heeds no flag of pruning. */
function noteOfIdleFlags(
  goal: PocketflowPlan["goal"],
  command: Command<[string]>,
): string | undefined {
  if (goal !== "train" || command.getOptionValueSource("learner") !== "default") return undefined;
  const idle = command.options.find((option) =>
    IDLE_OPTIONS.includes(option.attributeName()) &&
    command.getOptionValueSource(option.attributeName()) === "cli"
  );
  return idle &&
    `reading --learner: found none, which is full-prec: the network is trained alone, and ${idle.long} is not ` +
      "heeded; give --learner channel to prune it";
}

/** `nets/resnet_at_cifar10_run.py` is `resnet_at_cifar10`. */
function scriptOf(typed: string): Script {
  const name = typed.replace(/^.*[\\/]/, "").replace(/(_run)?(\.py)?$/, "");
  const script = SCRIPTS.find((known) => known === name);
  if (script === undefined) {
    throw new UsageError(
      `reading the script: found ${typed}, wanted ${SCRIPTS.join(", ")}; ` +
        "give one of them, or prune a trained model of another network with `prune`",
    );
  }
  return script;
}

function refuseOtherNetworks(script: Script, command: Command<[string]>): void {
  for (const [name, owner] of Object.entries(NETWORK_OPTIONS)) {
    if (owner === script || command.getOptionValueSource(name) === "default") continue;
    const option = command.options.find((other) => other.attributeName() === name)!;
    const flag = `--${option.name().replaceAll("-", "_")}`;
    throw new UsageError(`reading ${flag}: found it with ${script}; give it with ${owner} alone`);
  }
}

function networkOf(script: Script, { resnetSize, mobilenetVersion }: PocketflowFlags): string {
  if (script === "vgg_at_cifar10") return "vgg16-cifar";
  if (script === "mobilenet_at_cifar10") return `mobilenet-v${mobilenetVersion}`;
  if (resnetSize < 8 || (resnetSize - 2) % 6 !== 0) {
    throw new UsageError(
      `reading --resnet_size: found ${resnetSize}, wanted 6n + 2 and at least 8; give 20, 32 or 56`,
    );
  }
  return `resnet${resnetSize}`;
}

function refuseTogether(
  { learner, execMode, model, enblDst }: PocketflowFlags,
  trained: string,
  pruned: string,
): void {
  const trains = learner === "full-prec" && execMode === "train";
  if (trains && model !== undefined) {
    throw new UsageError(
      "reading --model and --learner full-prec: found both, and a trained model needs no training; " +
        "give --learner channel to prune it, or go on training it with `finetune`",
    );
  }
  if (trains && enblDst) {
    throw new UsageError(
      "reading --enbl_dst and --learner full-prec: found both, wanted a model to imitate; " +
        "train without it, then go on with `finetune` and --teacher",
    );
  }
  if (join(trained) === join(pruned)) {
    throw new UsageError(
      `reading --save_path and --cp_channel_pruned_path: found ${trained} for both; ` +
        "give two folders, the unpruned model is kept",
    );
  }
}

/** A network that is trained here says itself what its images become. */
function refuseImageOptions(command: Command<[string]>): void {
  const option = command.options.find((option) =>
    (IMAGE_OPTIONS as readonly string[]).includes(option.attributeName()) &&
    command.getOptionValueSource(option.attributeName()) === "cli"
  );
  if (option === undefined) return;
  throw new UsageError(
    `reading ${option.long}: found it without --model, and a network that is trained here says itself how ` +
      "images are prepared; leave it out, or give --model",
  );
}

function imageOptionsOf(flags: Partial<PruneFlags>): Partial<PruneFlags> {
  return Object.fromEntries(IMAGE_OPTIONS.map((name) => [name, flags[name]]));
}

/** TensorFlow's name of a checkpoint as that of a folder. */
function folderOf(path: string): string {
  return path.replace(/\.ckpt$/, "");
}

/** Options that have a value, as arguments of another command that has them too. */
function argumentsOf(command: Command<[string]>, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const option = command.options.find((other) => other.attributeName() === name)!;
    const value: unknown = command.getOptionValue(name);
    if (option.required) return value === undefined ? [] : [option.long!, `${value}`];
    return value === !option.negate ? [option.long!] : [];
  });
}
