import { InputError } from "../errors.ts";
import type { ImageSet, ImageShape } from "./dataset.ts";
import { fitImage, type RawImage } from "./fit_image.ts";

/** What a format has to supply for one split; the rest is the same for all of them. */
export interface ImageSource {
  /** How many images there are. */
  length: number;
  /** Class index of every image, when they have classes. */
  labels?: Int32Array;
  /** Shape of the images when they are what a network reads, floats that need no preprocessing. */
  prepared?: ImageShape;
  /** Where an image comes from, for messages. */
  describe(index: number): string;
  /** Where its label comes from, when that is another file. */
  describeLabel?(index: number): string;
  /** Decodes an image in the size and colours it has. */
  decode(index: number): RawImage | PreparedImage | Promise<RawImage>;
}

/** An image that a network reads as it is. */
export interface PreparedImage extends ImageShape {
  /** height × width × channels values. */
  data: Float32Array;
}

/**
 * Images of a format, brought to the shape the network reads.
 *
 * @param source What the format supplies.
 * @param shape Shape of every image that is read.
 * @returns The set.
 * @throws {InputError} When the images are prepared for another shape.
 */
export function createImageSet(source: ImageSource, shape: ImageShape): ImageSet {
  const { length, labels, prepared } = source;
  if (prepared) requireShape(prepared, shape, source.describe(0));
  return {
    length,
    ...(labels && { labels }),
    isPrepared: prepared !== undefined,
    describe: (index) => source.describe(index),
    async read(index, out) {
      let image: RawImage | PreparedImage;
      try {
        image = await source.decode(index);
      } catch (error) {
        if (error instanceof InputError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new InputError(
          `reading ${source.describe(index)}: ${reason}; repair or remove the image`,
          { cause: error },
        );
      }
      if (image.data instanceof Float32Array) out.set(image.data);
      else fitImage(image as RawImage, out as Uint8Array, shape);
    },
  };
}

function requireShape(found: ImageShape, wanted: ImageShape, place: string): void {
  const [own, others] = [found, wanted].map(({ height, width, channels }) =>
    [height, width, channels].join("×")
  );
  if (own === others) return;
  throw new InputError(
    `reading ${place}: found floats of ${own}, wanted ${others}, which the network reads; ` +
      `bytes (uint8) would be resized`,
  );
}

/**
 * Part of an image set.
 *
 * @param set The whole set.
 * @param indices Which of its images, in the order wanted.
 * @returns A set that reads through the whole one.
 */
export function selectImages(set: ImageSet, indices: Int32Array): ImageSet {
  return {
    length: indices.length,
    ...(set.labels && { labels: indices.map((index) => set.labels![index]) }),
    isPrepared: set.isPrepared,
    describe: (index) => set.describe(indices[index]),
    read: (index, out) => set.read(indices[index], out),
  };
}
