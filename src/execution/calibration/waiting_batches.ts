import * as tf from "@tensorflow/tfjs";
import { type Kernels, TensorFile, type TensorPlace } from "../../kernels/mod.ts";
import type { Activations, ForwardPlan } from "../forward/forward_plan.ts";

/** A batch between two layers. */
export interface CalibratedBatch {
  /** Indices of its images in the data set. */
  readonly indices: ArrayLike<number>;
  /** How many of them, the first ones, belong to the first half of all images. */
  readonly firstHalf: number;
  /** The batch in the repaired network; absent where it is run again, or read from the file. */
  activations?: Activations;
  /** Y of the calls of layers ahead, the original's shortcuts included: P × outputs; a function where it is kept elsewhere. */
  readonly targets: Map<string, tf.Tensor2D | TensorPlace | (() => tf.Tensor2D)>;
  /** What of it is in the file: all that is live before a step. */
  written?: WrittenActivations;
}

interface WrittenActivations {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

/** Where batches wait. */
export interface WaitingOptions {
  /** The backend's heap. */
  readonly memory: Kernels["memory"];
  /** Bytes of it that what waits may take. */
  readonly memoryBudget: number;
  /** How many batches there are. */
  readonly batches: number;
  /** Where the file is tried before the system's folder for temporary files. */
  readonly scratch?: string;
}

const FLOAT_BYTES = 4;

/**
 * Batches that wait between two layers: on the backend's heap as far as a budget allows, in a file beyond it. Where there
 * can be no file, as in a browser, what has no room is dropped and computed again: from the start of the residual block,
 * or from the images. So memory does not depend on the number of batches.
 */
export class WaitingBatches {
  readonly #options: WaitingOptions;
  readonly #waiting = new Map<number, CalibratedBatch>();
  readonly #file: TensorFile;

  /** @param options Where they wait. */
  constructor(options: WaitingOptions) {
    this.#options = options;
    this.#file = new TensorFile(options.memory, options.scratch);
  }

  /**
   * A batch, with what of it has waited.
   *
   * @param index Its number.
   * @returns The batch, its activations on the heap if they have waited; undefined where nothing has.
   */
  take(index: number): CalibratedBatch | undefined {
    const batch = this.#waiting.get(index);
    if (batch?.written && !batch.activations) {
      const { step, tensors } = batch.written;
      const read = [...tensors].map(([name, place]) => [name, this.#file.read(place)] as const);
      batch.activations = { next: step, tensors: new Map(read) };
    }
    this.#waiting.delete(index);
    return batch;
  }

  /** Whether all batches wait, with the targets of every layer ahead. */
  get hasAll(): boolean {
    return this.#waiting.size === this.#options.batches;
  }

  /** Whether there is a file. */
  get hasFile(): boolean {
    return this.#file.isThere;
  }

  /** Whether the targets of one more batch may wait. */
  hasRoomForTargets(): boolean {
    if (this.hasFile) return true;
    const [first] = this.#waiting.values();
    return this.#heapBytes() + (first ? targetBytes(first) : 0) <= this.#options.memoryBudget;
  }

  /**
   * Takes a target out of a batch.
   *
   * @param batch The batch.
   * @param key The call of a layer.
   * @returns The target, which the caller disposes.
   */
  takeTarget({ targets }: CalibratedBatch, key: string): tf.Tensor2D {
    const target = targets.get(key)!;
    targets.delete(key);
    if (target instanceof tf.Tensor) return target;
    if (typeof target === "function") return target();
    const tensor = this.#file.read(target);
    this.#file.free(target);
    return tensor as tf.Tensor2D;
  }

  /**
   * Lets a batch wait for the next layer: on the heap with all it has, or with what going on from an earlier step needs; in
   * the file with the latter; or with its targets alone, or not at all.
   *
   * @param index Its number.
   * @param batch The batch, which belongs to this from now on.
   * @param plan The repaired network.
   */
  put(index: number, batch: CalibratedBatch, plan: ForwardPlan): void {
    const { activations, targets } = batch;
    if (targets.size === 0) {
      this.#drop(batch);
      return;
    }
    const restart = plan.smallestRestart(activations!);
    const [most, least] = [activationBytes(batch), restart.elements * FLOAT_BYTES];
    const room = this.#options.memoryBudget - this.#heapBytes() - targetBytes(batch);
    if (most + this.#reserve(batch, least) <= room) {
      this.#forget(batch);
    } else if (least <= room) {
      this.#forget(batch);
      plan.rewind(activations!, restart.step);
    } else {
      plan.rewind(activations!, restart.step);
      if (batch.written?.step !== restart.step) this.#write(batch);
      disposeActivations(batch);
      this.putTargets(index, batch);
      return;
    }
    this.#waiting.set(index, batch);
  }

  /**
   * Lets the targets of a batch wait, which has no activations yet or none on the heap; where they have no room it does not
   * wait.
   *
   * @param index Its number.
   * @param batch The batch, which belongs to this from now on.
   */
  putTargets(index: number, batch: CalibratedBatch): void {
    const { memoryBudget } = this.#options;
    const needsRoom = () => memoryBudget < this.#heapBytes() + targetBytes(batch);
    if (needsRoom()) this.#writeTargets(batch);
    if (needsRoom()) this.#drop(batch);
    else this.#waiting.set(index, batch);
  }

  /**
   * Room for the batches that do not wait yet, half of the budget at most: without a file what has none is computed again.
   */
  #reserve(batch: CalibratedBatch, least: number): number {
    if (this.#file.isThere) return 0;
    const { batches, memoryBudget } = this.#options;
    const absent = batches - this.#waiting.size - 1;
    return Math.min(absent * (least + targetBytes(batch)), memoryBudget / 2);
  }

  /** Writes what a batch has on the heap; what was written of it before is forgotten. */
  #write(batch: CalibratedBatch): void {
    this.#forget(batch);
    const { next, tensors } = batch.activations!;
    const places = new Map<string, TensorPlace>();
    for (const [name, tensor] of tensors) {
      const place = this.#file.write(tensor);
      if (place === undefined) {
        for (const each of places.values()) this.#file.free(each);
        return;
      }
      places.set(name, place);
    }
    batch.written = { step: next, tensors: places };
  }

  #writeTargets({ targets }: CalibratedBatch): void {
    for (const [key, target] of targets) {
      if (!(target instanceof tf.Tensor)) continue;
      const place = this.#file.write(target);
      if (place === undefined) return;
      targets.set(key, place);
      target.dispose();
    }
  }

  #forget(batch: CalibratedBatch): void {
    for (const place of batch.written?.tensors.values() ?? []) this.#file.free(place);
    batch.written = undefined;
  }

  #drop(batch: CalibratedBatch): void {
    this.#forget(batch);
    disposeActivations(batch);
    for (const target of batch.targets.values()) {
      if (target instanceof tf.Tensor) target.dispose();
      else if (typeof target !== "function") this.#file.free(target);
    }
    batch.targets.clear();
  }

  #heapBytes(): number {
    let bytes = 0;
    for (const batch of this.#waiting.values()) {
      bytes += activationBytes(batch) + targetBytes(batch);
    }
    return bytes;
  }

  /** Frees everything that waits. */
  dispose(): void {
    for (const batch of this.#waiting.values()) this.#drop(batch);
    this.#waiting.clear();
    this.#file.close();
  }
}

function activationBytes({ activations }: CalibratedBatch): number {
  return activations ? bytesOf(activations.tensors.values()) : 0;
}

function targetBytes({ targets }: CalibratedBatch): number {
  return bytesOf([...targets.values()].filter((target) => target instanceof tf.Tensor));
}

function bytesOf(tensors: Iterable<tf.Tensor>): number {
  let elements = 0;
  for (const tensor of tensors) elements += tensor.size;
  return elements * FLOAT_BYTES;
}

function disposeActivations(batch: CalibratedBatch): void {
  if (batch.activations) tf.dispose([...batch.activations.tensors.values()]);
  batch.activations = undefined;
}
