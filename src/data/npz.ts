import { InputError } from "../base/mod.ts";
import type { InputPreparation } from "../model/mod.ts";
import { checkLabels } from "./classes.ts";
import type { DatasetFormat, OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";
import { type ArrayFile, layoutOf, readArrayFile, type SplitArrays } from "./npz_arrays.ts";
import { openInput } from "./npz_input.ts";
import { type ArrayLabels, readLabels } from "./npz_labels.ts";

/**
 * An archive of NumPy arrays as Keras' `mnist.npz`: `x_train` with `y_train`, and `x_test` with `y_test` if there, or `x`
 * with `y`. Images are N × H × W or N × H × W × C: bytes, which are preprocessed as those of any file, or floats, which
 * are what the network reads and are taken as they are. A network with several inputs has an array for each, by its name
 * in the place of `x`, and the rows of all belong together; what is no image has the shape that the input reads, and may be
 * whole numbers, such as words. Labels are
 * absent, whole numbers, or one-hot rows; whole numbers stored as floats are labels for a network with a score per
 * class, and whatever else y is makes no classes. All arrays are held in memory, inflated.
 */
export const npzFormat: DatasetFormat = {
  lookedFor: "an .npz file with x_train, y_train, x_test, y_test or x, y",
  async open(path, tree, _, inputs) {
    const file = await readArrayFile(path, tree, inputs);
    return file && openArrays(file, inputs);
  },
};

/**
 * Treats arrays of an archive as a data set.
 *
 * @param file The arrays.
 * @param inputs What the network reads; absent where none is known yet.
 * @returns Its splits.
 * @throws {InputError} When the arrays do not fit each other or the inputs.
 */
export function openArrays(
  { path, arrays }: ArrayFile,
  inputs?: readonly InputPreparation[],
): OpenedFormat {
  const layout = layoutOf(arrays, path, inputs);
  const open = (split: SplitArrays) => openSplit({ path, arrays }, split, inputs);
  const [train, test] = [open(layout.train), layout.test && open(layout.test)];
  if (test && isPerhapsTarget(train, test)) return combineSplits(asTargets(train), asTargets(test));
  if (test && (train.labels === undefined) !== (test.labels === undefined)) {
    const { labels } = train.labels ? layout.train : layout.test!;
    const whyNot = train.whyNot ?? test.whyNot;
    throw new InputError(
      `opening ${path}: found classes in ${labels} only, wanted them in both splits; ` +
        (whyNot ?? "add the other labels, or leave these out"),
    );
  }
  return combineSplits(train, test);
}

/** Images of a split, and what is known of their labels. */
interface Split {
  readonly source: ImageSource;
  readonly labels?: ArrayLabels;
  /** Why numbers that are there are no labels. */
  readonly whyNot?: string;
}

function combineSplits(train: Split, test?: Split): OpenedFormat {
  const opened = {
    format: "npz",
    isFitted: true,
    train: train.source,
    ...(test && { test: test.source }),
  };
  if (train.labels === undefined) {
    const whyNoClasses = train.whyNot ?? test?.whyNot;
    return { ...opened, ...(whyNoClasses !== undefined && { whyNoClasses }) };
  }
  const { isCounted, isFloat: mayBeTargets } = train.labels;
  const counts = [train, test].map((split) => split?.labels?.classCount ?? 0);
  if (test && !isCounted) checkLabels(test.source, counts[0], "the labels of the train split");
  return { ...opened, classCount: Math.max(...counts), isCounted, mayBeTargets };
}

/** Whether floats are whole numbers in one split alone, so that they are no labels. */
function isPerhapsTarget(train: Split, test: Split): boolean {
  const [one, other] = [train.labels, test.labels];
  return one === undefined ? other?.isFloat === true : other === undefined && one.isFloat;
}

function asTargets({ source: { labels: _, ...source }, whyNot }: Split): Split {
  return { source, whyNot };
}

function openSplit(
  { path, arrays }: ArrayFile,
  split: SplitArrays,
  inputs?: readonly InputPreparation[],
): Split {
  const opened = split.inputs.map((name, index) =>
    openInput(arrays.get(name)!, `${path}, ${name}`, inputs?.[index])
  );
  const [{ length }] = opened;
  const stranger = opened.findIndex((input) => input.length !== length);
  if (stranger >= 0) {
    throw new InputError(
      `reading ${path}, ${split.inputs[stranger]}: found ${opened[stranger].length} rows, ` +
        `wanted ${length} as in ${
          split.inputs[0]
        }: row i of every array belongs together; save them anew`,
    );
  }
  const what = opened.length === 1 ? "image" : "row";
  const source: ImageSource = {
    length,
    inputs: opened.map((input) => input.source),
    describe: (index) => `${path}, ${split.inputs.join(" and ")}, ${what} ${index}`,
  };
  const place = `${path}, ${split.labels}`;
  const targets = arrays.get(split.labels);
  if (targets === undefined) return { source };
  const labels = readLabels(targets, length, place);
  if ("whyNot" in labels) return { source, ...labels };
  const describeLabel = (index: number) => `${place}, row ${index}`;
  return { source: { ...source, labels: labels.values, describeLabel }, labels };
}
