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
 * @returns `count` different indices in random order, or as many as there are beside those that are held out
 * ({@link heldOutCount}); the length tells.
 */
export function pickCalibration(
  set: Pick<ImageSet, "length">,
  count: number,
  seed: number,
): Int32Array {
  const most = set.length - heldOutCount(set);
  return shuffledIndices(set.length, createRandom(seed)).slice(
    0,
    Math.max(0, Math.min(count, most)),
  );
}

/** Images that judge what is tried, and the largest share of a set that they are. */
const MOST_HELD_OUT = 5000, HELD_OUT_SHARE = 0.2;

/**
 * Images of a set that calibration leaves for judging.
 *
 * @param set The images.
 * @returns How many: 5,000, or a fifth of a small set.
 */
export function heldOutCount({ length }: Pick<ImageSet, "length">): number {
  return Math.min(MOST_HELD_OUT, Math.floor(HELD_OUT_SHARE * length));
}

/**
 * Chooses images that calibration leaves out: those that {@link pickCalibration} would take last.
 *
 * @param set The images.
 * @param count How many are wanted.
 * @param seed Seed of the choice of images for calibration.
 * @returns `count` different indices, or {@link heldOutCount} of them where that is less.
 */
export function pickHeldOut(
  set: Pick<ImageSet, "length">,
  count: number,
  seed: number,
): Int32Array {
  const order = shuffledIndices(set.length, createRandom(seed));
  return order.subarray(order.length - Math.min(count, heldOutCount(set)));
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
