import { anyOf, InputError } from "../base/mod.ts";
import { type InputPreparation, valuesOf } from "../model/mod.ts";
import type { ImageSet, InputValues } from "./dataset.ts";
import type { DecodeOptions } from "./decode_image.ts";
import { ImageError, REPAIR } from "./decoding/image_error.ts";
import { cropToShape, fitImage, type RawImage } from "./fit_image.ts";

/** What a format has to supply for one split; the rest is the same for all of them. */
export interface ImageSource {
  /** How many images there are. */
  length: number;
  /** Class index of every image, when they have classes. */
  labels?: Int32Array;
  /** What the network's inputs read of an image; formats of pictures have one. */
  inputs: readonly InputSource[];
  /** Where an image comes from, for messages. */
  describe(index: number): string;
  /** Where its label comes from, when that is another file. */
  describeLabel?(index: number): string;
}

/** What one input reads. */
export type InputSource = PictureSource | ArraySource;

/** Images of bytes, which are fitted to the size and colors that the network reads. */
export interface PictureSource {
  readonly kind: "picture";
  /** Where the images come from, for messages; absent where each is a file. */
  readonly place?: string;
  /** Decodes an image in the size and colors it has. */
  decode(index: number, options: DecodeOptions): RawImage | Promise<RawImage>;
}

/** Numbers that have the shape which the network reads. */
export interface ArraySource {
  readonly kind: "bytes" | "floats";
  /** Extents of an image's numbers. */
  readonly shape: readonly number[];
  /** Where the numbers come from, for messages. */
  readonly place: string;
  /** The numbers of an image; not to be written to. */
  decode(index: number): { readonly data: ArrayLike<number> };
}

/**
 * Images of a format, brought to the shape the network reads.
 *
 * @param source What the format supplies: as many inputs as the network has.
 * @param inputs The network's inputs.
 * @returns The set.
 * @throws {InputError} When there are bytes of which nothing says how they become values.
 */
export function createImageSet(
  source: ImageSource,
  inputs: readonly InputPreparation[],
): ImageSet {
  const { length, labels } = source;
  const readers = source.inputs.map((input, index) => createReader(input, inputs[index]));
  return {
    length,
    ...(labels && { labels }),
    allocate: () =>
      source.inputs.map(({ kind }, index) => {
        const count = valuesOf(inputs[index].shape);
        return kind === "floats" ? new Float32Array(count) : new Uint8Array(count);
      }),
    describe: (index) => source.describe(index),
    async read(index, out) {
      try {
        for (const [place, read] of readers.entries()) await read(index, out[place]);
      } catch (error) {
        if (error instanceof InputError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        const advice = error instanceof ImageError ? error.advice : REPAIR;
        throw new InputError(`reading ${source.describe(index)}: ${reason}; ${advice}`, {
          cause: error,
        });
      }
    },
  };
}

type Reader = (index: number, out: InputValues) => void | Promise<void>;

function createReader(source: InputSource, input: InputPreparation): Reader {
  if (source.kind !== "floats") requireTransform(source, input);
  if (source.kind !== "picture") {
    return (index, out) => out.set(source.decode(index).data);
  }
  const [height, width, channels] = input.shape;
  const shape = { height, width, channels };
  const { isCropped, ignoresOrientation } = input;
  return async (index, out) => {
    const image = await source.decode(index, { ignoresOrientation });
    fitImage(isCropped ? cropToShape(image, shape) : image, out as Uint8Array, shape);
  };
}

function requireTransform({ place }: InputSource, { name, transform }: InputPreparation): void {
  if (transform) return;
  throw new InputError([
    `reading ${place}: found bytes (uint8) for the input "${name}", wanted floats, or to know how ` +
    "bytes become values; give ",
    anyOf(["preset", "mean", "std", "scale"], name),
  ]);
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
    allocate: () => set.allocate(),
    describe: (index) => set.describe(indices[index]),
    read: (index, out) => set.read(indices[index], out),
  };
}
