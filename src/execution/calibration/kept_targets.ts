import type * as tf from "@tensorflow/tfjs";
import { type Kernels, TensorFile, type TensorPlace } from "../../kernels/mod.ts";

/** Images that went through the original network together. */
interface KeptBatch {
  /** Place of every image in the batch, by its index in the data set. */
  readonly slots: ReadonlyMap<number, number>;
  /** Y of the calls of layers: P × outputs, as many rows for each image. */
  readonly targets: Map<string, TensorPlace>;
}

/**
 * What a repair compares with, Y of the original network, kept in a file from the pass in which its statistics were
 * gathered: the network need not run again. Where there can be no file, or its disk is full, nothing is kept.
 */
export class KeptTargets {
  readonly #file: TensorFile;
  readonly #batches = new Map<number, KeptBatch>();

  /**
   * @param memory The backend's heap.
   * @param scratch Where the file is tried before the system's folder for temporary files.
   */
  constructor(memory: Kernels["memory"], scratch?: string) {
    this.#file = new TensorFile(memory, scratch);
  }

  /** Whether nothing is kept yet. */
  get isEmpty(): boolean {
    return this.#batches.size === 0;
  }

  /**
   * Keeps what a call of a layer gave.
   *
   * @param key The call.
   * @param indices The images, by their indices in the data set: the same ones together at every call.
   * @param target P × outputs, as many rows for each image; it stays the caller's.
   */
  put(key: string, indices: ArrayLike<number>, target: tf.Tensor2D): void {
    const place = this.#file.write(target);
    if (place === undefined) return;
    const batch = this.#batches.get(indices[0]) ?? this.#addBatch(indices);
    batch.targets.set(key, place);
  }

  #addBatch(indices: ArrayLike<number>): KeptBatch {
    const slots = new Map(Array.from(indices, (image, slot) => [image, slot]));
    const batch: KeptBatch = { slots, targets: new Map() };
    for (const image of slots.keys()) this.#batches.set(image, batch);
    return batch;
  }

  /** Whether what a call gave for all of these images is kept. */
  has(key: string, indices: ArrayLike<number>): boolean {
    return Array.from(indices)
      .every((image) => this.#batches.get(image)?.targets.has(key) ?? false);
  }

  /**
   * Reads what a call gave; it stays kept.
   *
   * @param key The call.
   * @param indices The images, of which {@link has} says that they are there.
   * @returns P × outputs, in the order of the images, which the caller disposes.
   */
  read(key: string, indices: ArrayLike<number>): tf.Tensor2D {
    const parts = Array.from(indices, (image) => {
      const { slots, targets } = this.#batches.get(image)!;
      const place = targets.get(key)!;
      const rows = place.shape[0] / slots.size;
      return { place, from: slots.get(image)! * rows, rows };
    });
    return this.#file.readRows(parts);
  }

  /** Ends the file; nothing is kept any more. */
  close(): void {
    this.#batches.clear();
    this.#file.close();
  }
}
