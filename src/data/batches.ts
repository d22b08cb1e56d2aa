import { createRandom, InputError, shuffledIndices } from "../base/mod.ts";
import { applyPreprocessing, type InputPreparation, valuesOf } from "../model/mod.ts";
import type { ImageSet, InputValues } from "./dataset.ts";
import type { ImageFaults } from "./image_faults.ts";

/** Images ready for the network. */
export interface Batch {
  /** Values of every input: size × height × width × channels of images. */
  inputs: Float32Array[];
  /** Class index of every image, when they have classes. */
  labels?: Int32Array;
  /** Index of every image in its set. */
  indices: Int32Array;
  /** Images in the batch: those asked for without the faulty ones, so possibly none. */
  size: number;
}

/** Images read at a time: enough to overlap file access with decoding, few enough open files. */
const READS_IN_FLIGHT = 16;

/**
 * Reads images, and preprocesses what needs it. One that cannot be read is left out and noted in `faults`.
 *
 * @param set The images.
 * @param indices Which of them, in which order.
 * @param inputs How bytes become values; the set was opened with these inputs.
 * @param faults Count of the run.
 * @returns The batch, in the order of `indices`.
 * @throws {InputError} When the faulty images pass the limit of `faults`.
 */
export async function readBatch(
  set: ImageSet,
  indices: Int32Array | number[],
  inputs: readonly InputPreparation[],
  faults: ImageFaults,
): Promise<Batch> {
  const lengths = inputs.map(({ shape }) => valuesOf(shape));
  const values = lengths.map((length) => new Float32Array(indices.length * length));
  const kept = new Int32Array(indices.length);
  const slots = Array.from(
    { length: Math.min(READS_IN_FLIGHT, indices.length) },
    () => set.allocate(),
  );
  let size = 0;
  faults.ask(indices.length);
  for (const group of chunk(indices, READS_IN_FLIGHT)) {
    const reads = await Promise.allSettled(
      Array.from(group, (index, slot) => set.read(index, slots[slot])),
    );
    reads.forEach((read, slot) => {
      if (read.status === "rejected") {
        if (!(read.reason instanceof InputError)) throw read.reason;
        return faults.add(set.describe(group[slot]), read.reason.message);
      }
      slots[slot].forEach((read, input) =>
        prepare(read, values[input], size * lengths[input], inputs[input])
      );
      kept[size++] = group[slot];
    });
  }
  const read = kept.subarray(0, size);
  return {
    inputs: values.map((all, input) => all.subarray(0, size * lengths[input])),
    ...(set.labels && { labels: read.map((index) => set.labels![index]) }),
    indices: read,
    size,
  };
}

function prepare(
  read: InputValues,
  out: Float32Array,
  offset: number,
  { transform, preparesFloats = false }: InputPreparation,
): void {
  if (read instanceof Float32Array && !preparesFloats) out.set(read, offset);
  else applyPreprocessing(read, out, offset, transform!);
}

/**
 * Chooses images for calibration.
 *
 * @param set The images.
 * @param count How many are wanted.
 * @param seed Seed of the choice.
 * @returns `count` different indices in random order, or all of them when the set has fewer; the length tells.
 */
export function pickCalibration(
  set: Pick<ImageSet, "length">,
  count: number,
  seed: number,
): Int32Array {
  return shuffledIndices(set.length, createRandom(seed)).slice(0, Math.max(0, count));
}

/**
 * Chooses images that calibration leaves out, as far as the set is large enough: those that {@link pickCalibration} takes
 * last.
 *
 * @param set The images.
 * @param count How many are wanted.
 * @param seed Seed of the choice of images for calibration.
 * @returns `count` different indices, or all of them when the set has fewer.
 */
export function pickHeldOut(
  set: Pick<ImageSet, "length">,
  count: number,
  seed: number,
): Int32Array {
  const order = pickCalibration(set, set.length, seed);
  return order.subarray(Math.max(0, order.length - count));
}

/**
 * Cuts a list of indices into batches.
 *
 * @param indices The list.
 * @param size Indices per batch; the last one may have fewer.
 * @returns The batches in order.
 * @throws {RangeError} When `size` is not a positive integer.
 */
export function* chunk(indices: Int32Array | number[], size: number): Generator<Int32Array> {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`cutting batches: found size ${size}, wanted a positive integer`);
  }
  const list = Int32Array.from(indices);
  for (let start = 0; start < list.length; start += size) yield list.subarray(start, start + size);
}
