import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import {
  type FinetuneOptions,
  type FolderFormat,
  type ModelFile,
  saveModel,
  type StoredType,
  TUNING_DEFAULTS,
  type TuningOutcome,
  type TuningReport,
} from "../../src/mod.ts";
import { describeInterrupt, InterruptError } from "../interrupt.ts";
import { foldIfAsked } from "./output_options.ts";
import {
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  seedInteger,
  share,
} from "./parsers.ts";
import { withProgress } from "../output/progress.ts";
import { reportFiles } from "../output/report_files.ts";
import { describeCommand, type Provenance } from "../output/provenance.ts";
import { figureLines } from "../output/figures.ts";
import { wordNotices } from "../output/word_report.ts";
import type { Outputs } from "../output/outputs.ts";

/** How many images a step has where that is not said. */
export const STEP_SIZE =
  `${TUNING_DEFAULTS.batchSize}, or a quarter of those that are learned from, if they are few`;

/**
 * The options that `train` and `finetune` share, with the defaults in which they differ.
 *
 * @param defaults Epochs and largest learning rate.
 * @returns Options of their own for one command.
 */
export function createTuningOptions(defaults: { epochs: number; learningRate: number }) {
  return {
    epochs: new Option("--epochs <n>", "passes over the training images")
      .argParser(positiveInteger).default(defaults.epochs),
    epochsRatio: new Option(
      "--nb-epochs-rat <number>",
      "factor of --epochs; part of an epoch is a share of its steps (nb_epochs_rat)",
    ).argParser(positiveNumber).default(1),
    batchSize: new Option(
      "--batch-size <n>",
      `images of a step, over all workers (default: ${STEP_SIZE}) (batch_size)`,
    ).argParser(positiveInteger),
    learningRate: new Option("--learning-rate <number>", "largest learning rate")
      .argParser(positiveNumber).default(defaults.learningRate),
    schedule: new Option("--schedule <name>", "how the learning rate runs")
      .choices(["one-cycle", "cosine", "piecewise", "warm-cosine", "constant"]).default(
        "one-cycle" as const,
      ),
    optimizer: new Option("--optimizer <name>", "rule that updates the weights")
      .choices(["momentum", "adam"]).default("momentum" as const),
    momentum: new Option("--momentum <share>", "share of the velocity that is kept")
      .argParser(share).default(TUNING_DEFAULTS.momentum),
    weightDecay: new Option("--weight-decay <number>", "pull of kernels towards zero")
      .argParser(nonNegativeNumber).default(TUNING_DEFAULTS.weightDecay),
    labelSmoothing: new Option("--label-smoothing <share>", "share of every label given to all")
      .argParser(share).default(TUNING_DEFAULTS.labelSmoothing),
    shift: new Option("--shift <pixels>", "largest random shift of an image; 0 for none")
      .argParser(nonNegativeInteger).default(TUNING_DEFAULTS.shift),
    noFlip: new Option("--no-flip", "do not mirror images at random"),
    validationImages: new Option(
      "--validation-images <n>",
      `training images held out to choose the best epoch; 0 keeps the last (default: ${TUNING_DEFAULTS.validationImages}, or a tenth of all, if they are few)`,
    ).argParser(nonNegativeInteger),
    patience: new Option(
      "--patience <epochs>",
      "end after so many epochs without a better one; 0 never does",
    ).argParser(nonNegativeInteger).default(TUNING_DEFAULTS.patience),
    seed: new Option("--seed <n>", "seed of weights, order and random changes")
      .argParser(seedInteger).default(TUNING_DEFAULTS.seed),
    resume: new Option("--resume", "go on from the checkpoint of an interrupted run"),
  };
}

/** Values of the options that {@link addStepOptions} adds. */
export type StepFlags = Omit<
  ScheduleFlags,
  "epochs" | "nbEpochsRat" | "batchSize" | "lossWDst" | "temprDst"
>;

/**
 * Adds to a command what the steps of a training are, which every command that trains has in this order.
 *
 * @param command The command.
 * @param options Its options of training.
 * @returns The command.
 */
// deno-lint-ignore no-explicit-any
export function addStepOptions<Arguments extends any[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
  options: ReturnType<typeof createTuningOptions>,
): Command<Arguments, Options & StepFlags> {
  const { learningRate, schedule, optimizer, momentum, weightDecay, labelSmoothing } = options;
  const { shift, noFlip, validationImages, patience } = options;
  for (
    const option of [
      ...[learningRate, schedule, optimizer, momentum, weightDecay, labelSmoothing],
      ...[shift, noFlip, validationImages, patience],
    ]
  ) command.addOption(option as Option);
  return command as unknown as Command<Arguments, Options & StepFlags>;
}

/** Options of distillation, of their own for one command. */
export function createDistillationOptions() {
  return {
    teacher: new Option(
      "--teacher <model>",
      "model that is imitated (distillation), such as the unpruned one",
    ),
    weight: new Option(
      "--loss-w-dst <number>",
      "weight of the distillation term (loss_w_dst)",
    ).argParser(nonNegativeNumber).default(TUNING_DEFAULTS.distillationWeight),
    temperature: new Option(
      "--tempr-dst <number>",
      "temperature of the distillation (tempr_dst)",
    ).argParser(positiveNumber).default(TUNING_DEFAULTS.temperature),
  };
}

/** Values of the options that say how a network is trained. */
export interface ScheduleFlags {
  /** Passes over the training images. */
  readonly epochs?: number;
  /** Factor of these. */
  readonly nbEpochsRat: number;
  /** Images of a step. */
  readonly batchSize?: number;
  /** Largest learning rate. */
  readonly learningRate: number;
  /** How it runs. */
  readonly schedule: FinetuneOptions["schedule"];
  /** Rule of the updates. */
  readonly optimizer: FinetuneOptions["optimizer"];
  /** Share of the velocity that is kept. */
  readonly momentum: number;
  /** Pull towards zero. */
  readonly weightDecay: number;
  /** Share of every label given to all. */
  readonly labelSmoothing: number;
  /** Weight of the distillation term. */
  readonly lossWDst?: number;
  /** Temperature of the distillation. */
  readonly temprDst?: number;
  /** Largest shift. */
  readonly shift: number;
  /** Whether images are mirrored. */
  readonly flip: boolean;
  /** Held-out images. */
  readonly validationImages?: number;
  /** Epochs without a better one. */
  readonly patience: number;
}

/** Values of {@link createTuningOptions} and of where the model goes. */
export interface TuningFlags extends ScheduleFlags {
  /** Folder of the model that is written. */
  readonly out: string;
  /** Replace the model there. */
  readonly force?: boolean;
  /** Write the model folded. */
  readonly fold?: boolean;
  /** Write a model card. */
  readonly card?: boolean;
  /** Kind of the folder that is written. */
  readonly format?: FolderFormat;
  /** Type that kernels are stored in. */
  readonly quantize?: StoredType;
  /** Print JSON. */
  readonly json?: boolean;
  /** Seed of the run. */
  readonly seed: number;
  /** Go on from a checkpoint. */
  readonly resume?: boolean;
  /** Whether the report says where the milliseconds go. */
  readonly latency: boolean;
}

/** What a network was before it was trained or tuned. */
export type TuningStart =
  | { readonly kind: "train"; readonly net: string }
  | { readonly kind: "finetune"; readonly model: ModelFile };

/** Folder of the checkpoint beside the model. */
export function checkpointFolder(out: string): string {
  return `${out.replace(/\/+$/, "")}.checkpoint`;
}

/** What an interrupted run keeps, and how it goes on; undefined where it had not come that far. */
export function describeState(checkpoint: string): string | undefined {
  return existsSync(checkpoint)
    ? `the state is in ${checkpoint}: give the same command with --resume to go on`
    : undefined;
}

/** The library's options of training from the flags. */
export function scheduleSettings(flags: ScheduleFlags) {
  const { epochs = TUNING_DEFAULTS.epochs, nbEpochsRat, batchSize, learningRate } = flags;
  const { schedule, optimizer, momentum, weightDecay, labelSmoothing } = flags;
  const { shift, flip, validationImages, patience } = flags;
  return {
    batchSize,
    learningRate,
    schedule,
    optimizer,
    momentum,
    weightDecay,
    labelSmoothing,
    shift,
    flip,
    validationImages,
    patience,
    epochs: epochs * nbEpochsRat,
    distillationWeight: flags.lossWDst,
    temperature: flags.temprDst,
  };
}

/** The library's options from the flags. */
export function tuningSettings(flags: TuningFlags) {
  const { seed, resume, out } = flags;
  return { ...scheduleSettings(flags), seed, resume, checkpoint: checkpointFolder(out) };
}

/** A trained model that is written. */
export interface WrittenTuning {
  /** What the run found, and what made the model. */
  readonly record: TuningReport & Provenance;
  /** Bytes of the model on disk. */
  readonly bytes: number;
  /** Where it is. */
  readonly out: string;
}

/**
 * Writes a trained model with its report; the checkpoint has done its service then.
 *
 * @param outcome The model and what was found.
 * @param start What the network was before.
 * @param flags Where it is written, and how.
 * @returns What was found and written.
 * @throws {InterruptError} When the run was ended early: nothing is written, and the message says how to go on.
 */
export async function writeTuning(
  { file, report, answers }: TuningOutcome,
  start: TuningStart,
  flags: TuningFlags,
): Promise<WrittenTuning> {
  const { out, force, format, quantize, latency, card } = flags;
  if (report.interrupted) {
    throw new InterruptError(describeInterrupt(`interrupted in epoch ${report.epochs.length + 1}`));
  }
  const record = { ...describeCommand(), ...wordNotices(report) };
  const { version, command, seed, workers, accuracy, outputError } = record;
  const figures = accuracy ? { accuracy } : { outputError };
  const metadata = { ...file.metadata, secateur: { version, command, seed, workers, ...figures } };
  const written = await foldIfAsked({ ...file, metadata }, flags);
  const [model, original] = start.kind === "train"
    ? [start.net, undefined]
    : [start.model.path, start.model];
  const { extraFiles } = await withProgress((onProgress) =>
    reportFiles(
      { kind: start.kind, model, out, report, answers },
      { before: original, after: written, latency, card, onProgress },
    )
  );
  const { bytes } = await saveModel(out, written, { force, format, quantize, extraFiles });
  await rm(checkpointFolder(out), { recursive: true }).catch(() => {});
  return { record, bytes, out };
}

/** A training run for people. */
export function describeTuning({ record, out }: WrittenTuning): string {
  return [
    ...figureLines(record),
    `epochs      ${record.epochs.length} in ${record.seconds.toFixed(0)} s`,
    `written to ${out}`,
  ].join("\n");
}

/** A training run for programs. */
export function tuningRecord({ record, bytes, out }: WrittenTuning): Outputs["train"] {
  return { out, bytes, ...record };
}

/** Prints what a training run reaches, as JSON where that is asked for. */
export function printTuning(written: WrittenTuning, { json }: Pick<TuningFlags, "json">): void {
  console.log(json ? JSON.stringify(tuningRecord(written)) : describeTuning(written));
}
