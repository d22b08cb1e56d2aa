import { stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { isMissing } from "../files.ts";
import { cifarFormat } from "./cifar.ts";
import { checkGaps, checkLabels, type ClassOrder, orderClasses } from "./classes.ts";
import type { Dataset, DatasetOptions, ImageShape } from "./dataset.ts";
import { folderFormat } from "./folder.ts";
import type { DatasetFormat, OpenedFormat } from "./format.ts";
import { idxFormat } from "./idx.ts";
import { createImageSet, type ImageSource } from "./image_set.ts";
import { type MemoryDataset, openMemory } from "./memory.ts";
import { setAsideTest } from "./split.ts";

/** Every format, the binary ones first: their folders may hold other folders too. */
const FORMATS: readonly DatasetFormat[] = [cifarFormat, idxFormat, folderFormat];

/**
 * Opens a dataset; its format is told from what the folder holds.
 *
 * @param place Folder of the dataset, or its images.
 * @param options Shape of the images to be read, and the model's class names.
 * @returns The dataset; close it when done.
 * @throws {InputError} When the folder is missing, holds no known format, is damaged, or has labels beyond the network's
 * outputs.
 */
export async function openDataset(
  place: string | MemoryDataset,
  options: DatasetOptions,
): Promise<Dataset> {
  using handles = new DisposableStack();
  const opened = await openFormat(place, handles);
  const { outputs } = options;
  if (opened.isCounted && outputs !== undefined) {
    for (const source of [opened.train, opened.test]) {
      if (source) checkLabels(source, outputs, "one per output of the model");
    }
  }
  const order = chooseClasses(opened, options);
  const { train, test, heldOut } = openSplits(opened, order, options);
  if (test.length === 0) {
    throw new InputError(
      `opening ${typeof place === "string" ? place : opened.format}: ` +
        `found ${train.length} images and no test split, ` +
        `wanted at least two of a class, so that a fifth can be set aside`,
    );
  }
  const kept = handles.move();
  return {
    format: opened.format,
    classes: order.classes,
    train,
    test,
    heldOut,
    close: () => kept.dispose(),
  };
}

async function openFormat(
  place: string | MemoryDataset,
  handles: DisposableStack,
): Promise<OpenedFormat> {
  if (typeof place !== "string") return openMemory(place);
  await checkFolder(place);
  for (const format of FORMATS) {
    const opened = await format.open(place, handles);
    if (opened) return opened;
  }
  throw unknownFormat(place);
}

/** What a dataset is like before a network is chosen for it. */
export interface DatasetDescription {
  /** Class names, in the order of the labels. */
  readonly classes: string[];
  /** Size of its first training image. */
  readonly shape: ImageShape;
}

/**
 * Looks into a dataset.
 *
 * @param place Folder of the dataset, or its images.
 * @returns Its classes and the size of its images.
 * @throws {InputError} When the folder is missing, holds no known format, or is damaged.
 */
export async function describeDataset(
  place: string | MemoryDataset,
): Promise<DatasetDescription> {
  using handles = new DisposableStack();
  const opened = await openFormat(place, handles);
  checkGaps(opened);
  const { height, width, channels } = await opened.train.decode(0);
  const { classes } = chooseClasses(opened, { height, width, channels });
  return { classes, shape: { height, width, channels: channels === 1 ? 1 : 3 } };
}

function unknownFormat(path: string): InputError {
  const lookedFor = FORMATS.map((format) => format.lookedFor).join("; ");
  return new InputError(`opening ${path}: found no dataset in it, wanted one of: ${lookedFor}`);
}

async function checkFolder(path: string): Promise<void> {
  const entry = await stat(path).catch((error) => {
    const reason = isMissing(error) ? "found nothing there" : error.message;
    throw new InputError(`opening ${path}: ${reason}, wanted the folder of a dataset`, {
      cause: error,
    });
  });
  if (!entry.isDirectory()) {
    throw new InputError(`opening ${path}: found a file, wanted the folder of a dataset`);
  }
}

/** A format without names has the numbers of its labels for names, or takes the model's when there are as many. */
function chooseClasses(
  { classes, classCount }: OpenedFormat,
  { classes: wanted }: DatasetOptions,
): ClassOrder {
  const numbers = Array.from({ length: classCount }, (_, label) => String(label));
  const order = orderClasses(classes ?? numbers, wanted);
  return !classes && wanted?.length === classCount ? { ...order, classes: [...wanted] } : order;
}

function openSplits(opened: OpenedFormat, order: ClassOrder, options: DatasetOptions) {
  const open = (source: ImageSource) =>
    createImageSet({
      labels: source.labels.map((label) => order.labels[label]),
      describe: (index) => source.describe(index),
      decode: (index) => source.decode(index),
    }, options);
  return opened.test
    ? { train: open(opened.train), test: open(opened.test), heldOut: false }
    : { ...setAsideTest(open(opened.train)), heldOut: true };
}
