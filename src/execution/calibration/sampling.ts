import { createRandom, type Random } from "../../base/mod.ts";

/**
 * Draws distinct integers from 0 … range − 1 (Floyd's algorithm), ascending.
 *
 * @param count How many; all of them when the range has no more.
 * @param range Size of the range.
 * @param random Source of randomness.
 * @returns The integers drawn.
 */
export function drawDistinct(count: number, range: number, random: Random): number[] {
  if (count >= range) return Array.from({ length: range }, (_, index) => index);
  const drawn = new Set<number>();
  for (let last = range - count; last < range; last++) {
    const candidate = Math.floor(random() * (last + 1));
    drawn.add(drawn.has(candidate) ? last : candidate);
  }
  return [...drawn].sort((first, second) => first - second);
}

/** Which output positions of a layer are looked at. */
export interface SamplingOptions {
  /** Seed of the run. */
  readonly seed: number;
  /** Positions per image and layer. */
  readonly pointsPerImage: number;
}

/** Samples that a layer wants for each of its inputs, and positions of an image that are looked at anyway. */
const SAMPLES_PER_INPUT = 30, LEAST_POINTS = 10;

/** The most multiply-accumulates that go into G of a layer for the sake of more positions. */
const GRAM_MACS = 2 ** 40;

/**
 * How many positions of an image a layer is sampled at when nobody says: so many that all images together give thirty
 * samples for each input, ten at least. Where G would take more than 2⁴⁰ multiply-accumulates, as many as it allows.
 *
 * @param inputs Inputs of the layer: rows of the flattened kernel.
 * @param images Images of all shards.
 * @returns The number; an image may have fewer positions.
 */
export function pointsFor(inputs: number, images: number): number {
  const wanted = Math.ceil(SAMPLES_PER_INPUT * inputs / images);
  const affordable = Math.floor(GRAM_MACS / (inputs ** 2 * images));
  return Math.max(LEAST_POINTS, Math.min(wanted, affordable));
}

/**
 * Draws the output positions at which a layer is sampled. They depend on the seed, the layer and the image alone, so
 * the order of the images and their spread over workers do not matter.
 *
 * @param layer Number of the layer.
 * @param images Data set indices of the batch's images, in batch order.
 * @param size Rows and columns of the layer's output.
 * @param options Seed and number of positions.
 * @returns P × 3 integers: index in the batch, row, column.
 */
export function samplePositions(
  layer: number,
  images: ArrayLike<number>,
  [height, width]: readonly [number, number],
  { seed, pointsPerImage }: SamplingOptions,
): Int32Array {
  const perImage = Math.min(pointsPerImage, height * width);
  const positions = new Int32Array(images.length * perImage * 3);
  let cursor = 0;
  for (let index = 0; index < images.length; index++) {
    const random = createRandom(seed, layer, images[index]);
    for (const cell of drawDistinct(perImage, height * width, random)) {
      positions[cursor++] = index;
      positions[cursor++] = Math.floor(cell / width);
      positions[cursor++] = cell % width;
    }
  }
  return positions;
}
