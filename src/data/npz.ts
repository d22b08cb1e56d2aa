import { InputError } from "../errors.ts";
import { isZip, readZip, type ZipEntry } from "../zip.ts";
import { checkLabels } from "./classes.ts";
import { type DatasetFormat, isFile, type OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";
import { type NpyArray, readNpy } from "./npy.ts";
import { type ArrayLabels, readLabels } from "./npz_labels.ts";

/** Names of the arrays of images and of labels, a split each; the first set of which there are images is taken. */
const LAYOUTS = [
  { train: ["x_train", "y_train"], test: ["x_test", "y_test"] },
  { train: ["x", "y"] },
] as const;

/** Largest array: what a typed array can surely hold. */
const LARGEST_ARRAY = 2 ** 31;

/** Pictures shrink to a fiftieth at best, labels in order to almost nothing. */
const MAX_INFLATION = 200;
const SMALL_ARRAY = 64 * 2 ** 20;

/**
 * An archive of NumPy arrays as Keras' `mnist.npz`: `x_train` with `y_train`, and `x_test` with `y_test` if there, or `x`
 * with `y`. Images are N × H × W or N × H × W × C: bytes, which are preprocessed as those of any file, or floats, which
 * are what the network reads and are taken as they are. Labels are absent, whole numbers, or one-hot rows; whatever else
 * y is makes no classes. All arrays are held in memory, inflated.
 */
export const npzFormat: DatasetFormat = {
  lookedFor: "an .npz file with x_train, y_train, x_test, y_test or x, y",
  async open(path, tree) {
    if (!await isFile(tree, path)) return undefined;
    const bytes = await tree.read(path);
    if (!isZip(bytes)) return undefined;
    const arrays = readArrays(bytes, path);
    const { train: trainNames, ...layout } = LAYOUTS.find(({ train: [x] }) => arrays.has(x))!;
    const train = openSplit(arrays, trainNames, path)!;
    const test = "test" in layout ? openSplit(arrays, layout.test, path) : undefined;
    if (test && (train.labels === undefined) !== (test.labels === undefined)) {
      const [, y] = train.labels ? trainNames : ["", "y_test"];
      throw new InputError(
        `opening ${path}: found classes in ${y} only, wanted them in both splits`,
      );
    }
    return combineSplits(train, test);
  },
};

/** Images of a split, and what is known of their labels. */
interface Split {
  readonly source: ImageSource;
  readonly labels?: ArrayLabels;
}

function combineSplits(train: Split, test?: Split): OpenedFormat {
  const opened = {
    format: "npz",
    train: train.source,
    ...(test && { test: test.source }),
  };
  if (train.labels === undefined) return opened;
  const { classCount, isCounted } = train.labels;
  if (test) checkLabels(test.source, classCount, "the labels of the train split");
  return { ...opened, classCount, isCounted };
}

/** The arrays of the archive's layout by name. */
function readArrays(bytes: Uint8Array, path: string): Map<string, NpyArray> {
  const file = { bytes, path, kind: ".npz file" };
  const names = new Set<string>();
  readZip(file, ({ name }) => {
    names.add(name.replace(/\.npy$/, ""));
    return false;
  });
  const layout = LAYOUTS.find(({ train: [x] }) => names.has(x));
  if (layout === undefined) {
    throw new InputError(
      `opening ${path}: found the arrays ${[...names].slice(0, 8).join(", ") || "none"}, ` +
        `wanted x_train, y_train, x_test, y_test or x, y`,
    );
  }
  const wanted = new Set<string>(Object.values(layout).flat().map((name) => `${name}.npy`));
  const files = readZip(file, (entry) => {
    if (!wanted.has(entry.name)) return false;
    requireSize(entry, path);
    return true;
  });
  return new Map(
    [...files].map(([name, content]) => [
      name.replace(/\.npy$/, ""),
      readNpy(content, `${path}, ${name}`),
    ]),
  );
}

function requireSize({ name, size, originalSize }: ZipEntry, path: string): void {
  const isTrue = originalSize <= Math.max(SMALL_ARRAY, size * MAX_INFLATION);
  if (isTrue && originalSize <= LARGEST_ARRAY) return;
  throw new InputError(
    `reading ${path}: found ${name} of ${originalSize} bytes in ${size}, wanted at most ` +
      `${LARGEST_ARRAY} and, above ${SMALL_ARRAY}, ${MAX_INFLATION} times as many; ` +
      `do not use this file`,
  );
}

function openSplit(
  arrays: ReadonlyMap<string, NpyArray>,
  [imageName, labelName]: readonly [string, string],
  path: string,
): Split | undefined {
  const images = arrays.get(imageName);
  const targets = arrays.get(labelName);
  if (images === undefined) return undefined;
  const source = openImages(images, `${path}, ${imageName}`);
  const place = `${path}, ${labelName}`;
  const labels = targets && readLabels(targets, source.length, place);
  if (labels === undefined) return { source };
  const describeLabel = (index: number) => `${place}, row ${index}`;
  return { source: { ...source, labels: labels.values, describeLabel }, labels };
}

function openImages({ type, shape, values }: NpyArray, place: string): ImageSource {
  const [length, height, width, channels = 1] = shape;
  if (shape.length < 3 || shape.length > 4 || shape.includes(0)) {
    throw new InputError(
      `reading ${place}: found an array of ${shape.join("×") || "one number"}, ` +
        `wanted images: N×height×width or N×height×width×channels`,
    );
  }
  const size = height * width * channels;
  const describe = (index: number) => `${place}, image ${index}`;
  if (values instanceof Float32Array || values instanceof Float64Array) {
    const decode = (index: number) => {
      const data = Float32Array.from(values.subarray(index * size, (index + 1) * size));
      return { data, height, width, channels };
    };
    return { length, prepared: { height, width, channels }, describe, decode };
  }
  if (type !== "|u1" || channels !== 1 && channels !== 3 && channels !== 4) {
    throw new InputError(
      `reading ${place}: found ${shape.join("×")} numbers of type ${type}, wanted bytes (uint8) ` +
        `of 1, 3 or 4 channels, or floats that the network reads as they are`,
    );
  }
  const bytes = values as Uint8Array;
  const decode = (index: number) => {
    const data = bytes.subarray(index * size, (index + 1) * size);
    return { data, height, width, channels } as const;
  };
  return { length, describe, decode };
}
