import { InputError } from "../base/mod.ts";
import { type InputPreparation, isPictureShape } from "../model/mod.ts";
import {
  checkGaps,
  checkModelClasses,
  type ClassOrder,
  type KnownClasses,
  orderClasses,
  settleClassCount,
} from "./classes.ts";
import type { Dataset, DatasetOptions, ImageShape } from "./dataset.ts";
import type { OpenedFormat } from "./format.ts";
import { createImageSet, type ImageSource } from "./image_set.ts";
import { keepDecoded } from "./keep_decoded.ts";
import { type DatasetPlace, type DatasetSource, nameOf, openFormat } from "./open_format.ts";
import { setAsideTest } from "./split.ts";

/** Bytes of decoded images that are kept of a split, in every thread: some ten thousand small ones. */
const KEPT_BYTES = 24 * 2 ** 20;

/**
 * Opens a dataset; its format follows from what the folder holds.
 *
 * @param place Folder or file of the dataset, or its images.
 * @param options What the network reads, and the model's class names.
 * @returns The dataset; close it when done.
 * @throws {InputError} When the folder is missing, holds no known format, is damaged, or has labels beyond the network's
 * outputs.
 */
export async function openDataset(
  place: DatasetSource,
  options: DatasetOptions,
): Promise<Dataset> {
  using handles = new DisposableStack();
  const found = await openFormat(place, handles, options.inputs);
  requireInputs(found, options.inputs, nameOf(place, found));
  const opened = settleClassCount(found, options.outputs);
  const { classes: wanted, outputs } = options;
  if (opened.classCount !== undefined) checkModelClasses(wanted, outputs);
  const isNeeded = outputs !== undefined;
  const order = chooseClasses(opened, { wanted, isNeeded }, nameOf(place, opened));
  const { train, test, heldOut } = openSplits(opened, order, options);
  if (test.length === 0) {
    const share = order ? "two of a class" : "two";
    throw new InputError(
      `opening ${nameOf(place, opened)}: found ${train.length} images and no test split, ` +
        `wanted at least ${share}, so that a fifth can be set aside; add images, or a test split`,
    );
  }
  const kept = handles.move();
  return {
    format: opened.format,
    ...(order && { classes: order.classes }),
    ...(opened.whyNoClasses !== undefined && { whyNoClasses: opened.whyNoClasses }),
    train,
    test,
    heldOut,
    notices: [...opened.notices ?? [], ...order?.notices ?? []],
    close: () => kept.dispose(),
  };
}

/** Pictures have the colors of one input; whatever else networks read is in arrays. */
function requireInputs(
  { format, train, isFitted = false }: OpenedFormat,
  inputs: readonly InputPreparation[],
  place: string,
): void {
  const [{ name, shape }, ...others] = inputs;
  if (isFitted || others.length === 0 && isPictureShape(shape)) return;
  const wanted = others.length === 0
    ? `an .npz file with x of N×${shape.join("×")}, which the input "${name}" reads`
    : `an .npz file with an array for every input: ${inputs.map(({ name }) => name).join(", ")}`;
  throw new InputError(
    `opening ${place}: found ${train.length} pictures (${format}), wanted ${wanted}; ` +
      `save the data with numpy.savez()`,
  );
}

/** What a labeled dataset is like before a network is chosen for it. */
export interface DatasetDescription {
  /** Class names, in the order of the labels. */
  readonly classes: string[];
  /** Size of its first training image. */
  readonly shape: ImageShape;
}

/**
 * Looks into a dataset.
 *
 * @param place Folder or file of the dataset, or its images.
 * @returns Its classes and the size of its images.
 * @throws {InputError} When it is missing, of no known format or damaged, or has no classes or no bytes.
 */
export async function describeDataset(
  place: DatasetPlace,
): Promise<DatasetDescription> {
  using handles = new DisposableStack();
  const found = await openFormat(place, handles);
  const opened = settleClassCount({ ...found, mayBeTargets: false });
  checkGaps(opened);
  const [input] = opened.train.inputs;
  if (input.kind !== "picture") {
    throw new InputError(
      `opening ${nameOf(place, opened)}: found floats, wanted bytes (uint8) to train a new ` +
        `network by, which states how they are prepared; save the images as bytes`,
    );
  }
  const { height, width, channels } = await input.decode(0, {});
  const order = chooseClasses(opened, { isNeeded: true }, nameOf(place, opened));
  if (order === undefined) {
    const { whyNoClasses = "sort the images into a folder for each class" } = opened;
    throw new InputError(
      `opening ${nameOf(place, opened)}: found images without classes, ` +
        `wanted labels to train a network by; ${whyNoClasses}`,
    );
  }
  return { classes: order.classes, shape: { height, width, channels: channels === 1 ? 1 : 3 } };
}

/** What is in a dataset, whatever network is to read it. */
export interface DatasetSummary {
  /** Name of the format. */
  readonly format: string;
  /** How many images there are, in each split that the data has apart. */
  readonly images: { readonly train: number; readonly test?: number };
  /** How many classes there are; absent where the images have none. */
  readonly classCount?: number;
}

/**
 * Counts what is in a dataset; no image is read.
 *
 * @param place Where it is.
 * @returns The counts.
 * @throws {InputError} When it is missing, of no known format or damaged.
 *
 * @example Count images that were dropped on a page
 * ```ts
 * import { summarizeDataset } from "secateur/browser";
 * import assert from "node:assert/strict";
 *
 * const files = new Map<string, Blob>();
 * for await (const { name } of Deno.readDir("cli/example/fashion-mnist")) {
 *   const bytes = await Deno.readFile(`cli/example/fashion-mnist/${name}`);
 *   files.set(`fashion-mnist/${name}`, new Blob([bytes]));
 * }
 * const { images, classCount } = await summarizeDataset({ path: "fashion-mnist", files });
 * assert.deepEqual(images, { train: 5000, test: 2000 });
 * assert.equal(classCount, 10);
 * ```
 */
export async function summarizeDataset(place: DatasetPlace): Promise<DatasetSummary> {
  using handles = new DisposableStack();
  const { format, train, test, classCount } = await openFormat(place, handles);
  const images = { train: train.length, ...(test && { test: test.length }) };
  return { format, images, ...(classCount !== undefined && { classCount }) };
}

/** None for images without classes. A format without names has the numbers of its labels for names, or takes the model's when there are as many. */
function chooseClasses(
  { classes, classCount, isOrderedByName }: OpenedFormat,
  { wanted, isNeeded }: Pick<KnownClasses, "wanted" | "isNeeded">,
  place: string,
): ClassOrder | undefined {
  if (classCount === undefined) return undefined;
  const numbers = Array.from({ length: classCount }, (_, label) => String(label));
  if (classes) return orderClasses({ own: classes, wanted, isOrderedByName, isNeeded }, place);
  const order = orderClasses({ own: numbers, wanted, isNeeded: false }, place);
  return wanted?.length === classCount ? { ...order, classes: [...wanted] } : order;
}

function openSplits(
  opened: OpenedFormat,
  order: ClassOrder | undefined,
  { inputs }: DatasetOptions,
) {
  const open = (source: ImageSource) => {
    const labels = order && source.labels!.map((label) => order.labels[label]);
    const set = createImageSet({ ...source, labels }, inputs);
    const areFiles = source.inputs.some((input) => input.kind === "picture" && !input.place);
    return areFiles ? keepDecoded(set, KEPT_BYTES) : set;
  };
  return opened.test
    ? { train: open(opened.train), test: open(opened.test), heldOut: false }
    : { ...setAsideTest(open(opened.train)), heldOut: true };
}
