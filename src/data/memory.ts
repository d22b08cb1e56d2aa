import { InputError } from "../base/mod.ts";
import type { RawImage } from "./fit_image.ts";
import type { OpenedFormat } from "./format.ts";
import type { ImageSource } from "./image_set.ts";

/** An image in memory; the `ImageData` of a browser is one. */
export interface MemoryImage {
  /** height × width × channels bytes, the channels of a pixel side by side; 1 (gray), 3 (RGB) or 4 (RGBA) of them. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Images of a split with their labels. */
export interface MemorySplit {
  /** The images. */
  readonly images: readonly MemoryImage[];
  /** Class index of every image. */
  readonly labels: ArrayLike<number>;
}

/** A data set in memory. */
export interface MemoryDataset {
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  /** Images for calibration, training and search. */
  readonly train: MemorySplit;
  /** Images for the final figures; without them a fifth of the others is set aside. */
  readonly test?: MemorySplit;
}

/**
 * Treats images in memory as a format of which the data set is one.
 *
 * @param dataset The images.
 * @returns Its splits.
 * @throws {InputError} When there are not as many labels as images, a label is no class, or an image has other bytes than
 * its size and 1, 3 or 4 channels need.
 */
export function openMemory({ classes, train, test }: MemoryDataset): OpenedFormat {
  return {
    format: "images in memory",
    classes: [...classes],
    classCount: classes.length,
    train: openSplit(train, "training", classes.length),
    ...(test && { test: openSplit(test, "test", classes.length) }),
  };
}

function openSplit(
  { images, labels }: MemorySplit,
  split: string,
  classCount: number,
): ImageSource {
  const describe = (index: number) => `${split} image ${index}`;
  if (images.length !== labels.length || images.length === 0) {
    throw new InputError(
      `opening ${split} images: found ${images.length} and ${labels.length} labels, ` +
        "wanted as many of both, at least one; give a label for every image",
    );
  }
  const stranger = Array.from(labels).findIndex((label) =>
    !(Number.isInteger(label) && label >= 0 && label < classCount)
  );
  if (stranger >= 0) {
    throw new InputError(
      `opening ${describe(stranger)}: found label ${labels[stranger]}, ` +
        `wanted one of the ${classCount} classes, from 0; mend the label, or name all classes`,
    );
  }
  const raw = images.map((image, index) => asRaw(image, describe(index)));
  return {
    length: raw.length,
    labels: Int32Array.from(labels),
    describe,
    inputs: [{ kind: "picture", decode: (index) => raw[index] }],
  };
}

function asRaw({ data, height, width }: MemoryImage, name: string): RawImage {
  const channels = data.length / (height * width);
  if (channels === 1 || channels === 3 || channels === 4) return { data, height, width, channels };
  throw new InputError(
    `opening ${name}: found ${data.length} bytes for ${height}×${width} pixels, ` +
      "wanted 1, 3 or 4 for each; give the size that the bytes belong to",
  );
}
