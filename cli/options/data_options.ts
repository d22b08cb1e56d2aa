import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import {
  type DataOptions,
  preprocessingPresets,
  type ProgressListener,
  writeMessage,
} from "../../src/mod.ts";
import { classNames } from "./class_names.ts";
import { oneOf, overridesOf, perInput, type PreprocessingFlags } from "./input_flags.ts";
import { say } from "../output/messages.ts";
import { OPTION_FLAGS } from "./option_flags.ts";
import { imageSize, numberList, positiveInteger, positiveNumber, share } from "./parsers.ts";

/** Heading of the options that many commands share. It is theirs, whichever command is loaded first. */
const SHARED_GROUP = "Data and output:";

function createDataOption() {
  return new Option(
    "--data <dir>",
    "folder of the data set: CIFAR-10/100 binary, IDX (plain or .gz), images in a folder per class, or images without classes; or an .npz file",
  );
}

/** `--data`, which every command that reads images needs. */
export const dataOption = createDataOption().makeOptionMandatory();

/** `--data` for a command that does without images too. */
export const optionalDataOption = createDataOption();

/** `--no-labels`: outputs are compared although the images have classes. */
export const noLabelsOption = new Option(
  "--no-labels",
  "leave labels alone: measure how far outputs are from a reference's, as without classes",
).helpGroup(SHARED_GROUP);

const PRESETS = [...preprocessingPresets.keys()];

/** `--preprocess`: preprocessing by name. */
const preprocessOption = new Option(
  "--preprocess <name>",
  "how images are prepared, by name (default: as the model says); this and the next four also for one of several inputs, as depth=unit",
).choices(PRESETS).argParser(perInput(oneOf(PRESETS))).helpGroup(SHARED_GROUP);

/** `--scale`: factor of the bytes. */
const scaleOption = new Option(
  "--scale <number>",
  "factor of the bytes 0 to 255 (default: the model's)",
).argParser(perInput(positiveNumber)).helpGroup(SHARED_GROUP);

/** `--mean`: taken off each channel. */
const meanOption = new Option(
  "--mean <numbers>",
  "what is then taken off each channel, as 125.3,123,113.9 (default: the model's)",
).argParser(perInput(numberList)).helpGroup(SHARED_GROUP);

/** `--std`: divides each channel. */
const stdOption = new Option(
  "--std <numbers>",
  "what each channel is then divided by, as 63,62.1,66.7 (default: the model's)",
).argParser(perInput(numberList)).helpGroup(SHARED_GROUP);

const INPUT_SIZE = [
  "--input-size <size>",
  "height and width, as 32 or 224x192, for models that leave them open",
] as const;

/** `--classes`: names of the outputs. */
const classesOption = new Option(
  "--classes <file>",
  "class names in the order of the model's outputs, one in a line, as labels.txt (default: the model's, or labels.txt or metadata.json beside it)",
).argParser(classNames).helpGroup(SHARED_GROUP);

/** `--no-exif-orientation`: images stay as they are stored. */
const exifOption = new Option(
  "--no-exif-orientation",
  "leave images as they are stored, instead of turning them as their EXIF records say",
).helpGroup(SHARED_GROUP);

/** `--input-size`: for models that leave their size open. */
export const inputSizeOption = new Option(...INPUT_SIZE).argParser(imageSize);

/** `--input-size` where there are several inputs. */
export const inputSizesOption = new Option(...INPUT_SIZE).argParser(perInput(imageSize)).helpGroup(
  SHARED_GROUP,
);

/** `--batch-size-eval`: images of an evaluation batch. */
export const batchSizeEvalOption = new Option(
  "--batch-size-eval <n>",
  "images of every evaluation batch (batch_size_eval)",
).argParser(positiveInteger).default(100).helpGroup(SHARED_GROUP);

/** `--workers`: threads. */
export const workersOption = new Option(
  "--workers <n>",
  "threads that share the images (default: all cores)",
).argParser(positiveInteger).helpGroup(SHARED_GROUP);

/** `--max-bad-images`: when undecodable images end a run. */
export const badImagesOption = new Option(
  "--max-bad-images <share>",
  "largest share of images that may be unreadable; up to that they are skipped and named",
).argParser(share).default(0.01).helpGroup(SHARED_GROUP);

/** `--json`: machine-readable output. */
export const jsonOption = new Option(
  "--json",
  "print one JSON object on standard output, everything else on standard error",
).helpGroup(SHARED_GROUP);

const IMAGE_OPTIONS = [
  preprocessOption,
  scaleOption,
  meanOption,
  stdOption,
  inputSizesOption,
  classesOption,
  exifOption,
  badImagesOption,
  workersOption,
  jsonOption,
];

/** Values of the options that {@link addImageOptions} adds. */
export type ImageFlags = Omit<DataFlags, "data" | "labels" | "batchSizeEval"> & {
  /** Whether one JSON object is printed. */
  readonly json?: true;
};

/**
 * What images are measured with, on every command that reads a model and images. The type is stated because TypeScript
 * takes minutes to infer it from a chain of options behind unknown ones.
 */
// deno-lint-ignore no-explicit-any
export function addImageOptions<Arguments extends any[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & ImageFlags> {
  for (const option of IMAGE_OPTIONS) command.addOption(option as Option);
  return command as unknown as Command<Arguments, Options & ImageFlags>;
}

/** Values of the options of this file. */
export interface DataFlags extends PreprocessingFlags {
  /** Folder or file of the data set. */
  readonly data: string;
  /** Whether labels are used. */
  readonly labels?: boolean;
  /** Images of an evaluation batch. */
  readonly batchSizeEval?: number;
  /** Threads. */
  readonly workers?: number;
  /** Share of undecodable images. */
  readonly maxBadImages: number;
}

/** The library's options from the flags of this file, but for the data. */
export function imageOptions(
  model: string,
  flags: Omit<DataFlags, "data">,
  onProgress: ProgressListener,
): Omit<DataOptions, "data"> {
  return {
    model,
    labels: flags.labels,
    preprocessing: overridesOf(flags),
    batchSizeEval: flags.batchSizeEval,
    badImageShare: flags.maxBadImages,
    workers: flags.workers,
    onNotice: (notice) => say(`note: ${writeMessage(notice, OPTION_FLAGS)}`),
    onProgress,
  };
}

/** The library's options from the flags of this file. */
export function dataOptions(
  model: string,
  flags: DataFlags,
  onProgress: ProgressListener,
): DataOptions {
  return { ...imageOptions(model, flags, onProgress), data: flags.data };
}
