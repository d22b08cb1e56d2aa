import { createRandom, InputError, option, type Random } from "../base/mod.ts";
import { type InputPreparation, isImageShape, valuesOf } from "../model/mod.ts";
import type { Batch } from "./batches.ts";
import type { ImageShape } from "./dataset.ts";

/** Random changes of training images. */
export interface Augmentation {
  /** Largest shift in pixels, in each direction; 0 for none. */
  readonly shift: number;
  /** Whether images are mirrored left to right, with probability ½. */
  readonly flip: boolean;
}

/** Random changes of the images of a whole training. */
export interface TrainingAugmentation extends Augmentation {
  /**
   * In how many ways an image is changed over the epochs, so that a teacher is asked for no more of its answers. Default: in
   * another one in every epoch.
   */
  readonly versions?: number;
}

/**
 * How many versions of an image a training shows.
 *
 * @param augmentation What may happen to it.
 * @returns Their number: 1 where nothing may, Infinity where every epoch has its own.
 */
export function countVersions({ shift, flip, versions }: TrainingAugmentation): number {
  return shift === 0 && !flip ? 1 : versions ?? Infinity;
}

/**
 * Shifts an image at random, with zeros where nothing comes in, and mirrors it with probability ½ (He et al. 2015,
 * arXiv 1512.03385, section 4.2: a random crop of the image padded by `shift` zeros).
 *
 * @param pixels Values of a batch, the image from `offset`; changed in place.
 * @param offset First value of the image.
 * @param shape Size of the image.
 * @param augmentation What may happen.
 * @param random Source of randomness.
 */
export function augmentImage(
  pixels: Float32Array,
  offset: number,
  { height, width, channels }: ImageShape,
  { shift, flip }: Augmentation,
  random: Random,
): void {
  const down = Math.floor(random() * (2 * shift + 1)) - shift;
  const right = Math.floor(random() * (2 * shift + 1)) - shift;
  const isFlipped = flip && random() < 0.5;
  if (down === 0 && right === 0 && !isFlipped) return;
  const length = height * width * channels;
  const original = pixels.slice(offset, offset + length);
  pixels.fill(0, offset, offset + length);
  for (let row = 0; row < height; row++) {
    const sourceRow = row + down;
    if (sourceRow < 0 || sourceRow >= height) continue;
    for (let column = 0; column < width; column++) {
      const sourceColumn = (isFlipped ? width - 1 - column : column) + right;
      if (sourceColumn < 0 || sourceColumn >= width) continue;
      const from = (sourceRow * width + sourceColumn) * channels;
      const to = offset + (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        pixels[to + channel] = original[from + channel];
      }
    }
  }
}

/**
 * The sizes of the images that a network reads: those of one size can be shifted together.
 *
 * @param inputs The network's inputs.
 * @returns Height and width, each pair once.
 */
export function listImageSizes(
  inputs: readonly InputPreparation[],
): Pick<ImageShape, "height" | "width">[] {
  const images = inputs.filter(({ shape }) => isImageShape(shape));
  const sizes = images.map(({ shape: [height, width] }) =>
    [`${height}×${width}`, { height, width }] as const
  );
  return [...new Map(sizes).values()];
}

/**
 * Refuses changes that would mean something else to one input than to another.
 *
 * @param inputs The network's inputs.
 * @param augmentation What may happen to their images.
 * @throws {InputError} When images are shifted by pixels of different sizes.
 */
export function checkAugmentation(
  inputs: readonly InputPreparation[],
  { shift }: Augmentation,
): void {
  if (shift === 0 || listImageSizes(inputs).length < 2) return;
  const images = inputs.filter(({ shape }) => isImageShape(shape));
  const found = images.map(({ name, shape: [height, width] }) => `${name} ${height}×${width}`);
  throw new InputError([
    `shifting images: found inputs of different sizes (${found.join(", ")}), wanted one size: ` +
    `${shift} pixels are not as far in each; give `,
    option("shift"),
    " 0",
  ]);
}

/**
 * Changes the images of a batch at random: all images of a row alike, so that they stay in register. What is no image
 * stays as it is.
 *
 * @param batch The batch; changed in place.
 * @param inputs The network's inputs.
 * @param augmentation What may happen.
 * @param seed What the changes of a row follow from, beside its index: the same ones make the same version of an image.
 */
export function augmentBatch(
  batch: Batch,
  inputs: readonly InputPreparation[],
  augmentation: Augmentation,
  ...seed: readonly number[]
): void {
  inputs.forEach(({ shape }, input) => {
    if (!isImageShape(shape)) return;
    const [height, width, channels] = shape;
    batch.indices.forEach((image, place) => {
      const offset = place * valuesOf(shape);
      const random = createRandom(...seed, image);
      const size = { height, width, channels };
      augmentImage(batch.inputs[input], offset, size, augmentation, random);
    });
  });
}
