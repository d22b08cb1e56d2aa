import * as tf from "@tensorflow/tfjs";
import { type Kernels, TensorFile, type TensorPlace } from "../../kernels/mod.ts";
import type { Activations, ForwardPlan } from "../forward/forward_plan.ts";

/** A batch between two layers. */
export interface CalibratedBatch {
  /** Indices of its images in the data set. */
  readonly indices: ArrayLike<number>;
  /** How many of them, the first ones, belong to the first half of all images. */
  readonly firstHalf: number;
  /**
   * The batch in the repaired network; absent where it is run again. What is in the file may be missing from its tensors: it
   * is read when a step needs it.
   */
  activations?: Activations;
  /** Y of the calls of layers ahead, the original's shortcuts included: P × outputs; a function where it is kept elsewhere. */
  readonly targets: Map<string, tf.Tensor2D | TensorPlace | (() => tf.Tensor2D)>;
  /** Where tensors of it are in the file, whether they are on the heap too or not. */
  places?: Map<string, TensorPlace>;
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
   * @param neededFrom Gives names of tensors that will be read when it goes on from a step.
   * @returns The batch, with these on the heap if it goes on; undefined where nothing has waited.
   */
  take(
    index: number,
    neededFrom: (step: number) => readonly string[],
  ): CalibratedBatch | undefined {
    const batch = this.#waiting.get(index);
    this.#waiting.delete(index);
    if (batch?.activations && batch.places) {
      const { tensors, next } = batch.activations;
      for (const name of neededFrom(next)) {
        const place = batch.places.get(name);
        if (place && !tensors.has(name)) tensors.set(name, this.#file.read(place));
      }
    }
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
   * Lets a batch wait for the next layer: on the heap with all it has; in the file, from where it goes on soonest; where there
   * is no file, on the heap with what going on from an earlier step needs, with its targets alone, or not at all. What is in
   * the file already stays there, such as what waits for the other end of a shortcut.
   *
   * @param index Its number.
   * @param batch The batch, which belongs to this from now on.
   * @param plan The repaired network.
   */
  put(index: number, batch: CalibratedBatch, plan: ForwardPlan): void {
    const { targets, indices, places } = batch;
    if (targets.size === 0) {
      this.#drop(batch);
      return;
    }
    const activations = batch.activations!;
    const room = this.#options.memoryBudget - this.#heapBytes() - targetBytes(batch);
    const { step, elements } = plan.smallestRestart(activations);
    const least = elements * FLOAT_BYTES;
    if (activationBytes(batch) + this.#reserve(batch, least) <= room) {
      this.#freePlaces(batch, plan.liveBefore(activations.next));
      this.#waiting.set(index, batch);
    } else if (this.hasFile) {
      const inFile = new Set(places?.keys());
      plan.rewind(activations, plan.quickestRestart(activations, indices.length, inFile));
      this.#freePlaces(batch, plan.liveBefore(activations.next));
      this.#moveToFile(batch);
      this.putTargets(index, batch);
    } else if (least <= room) {
      plan.rewind(activations, step);
      this.#waiting.set(index, batch);
    } else {
      disposeActivations(batch);
      this.putTargets(index, batch);
    }
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

  /** Writes what a batch has on the heap and is not in the file yet. Where that fails, it is run again. */
  #moveToFile(batch: CalibratedBatch): void {
    const places = batch.places ??= new Map();
    const { tensors } = batch.activations!;
    let isWritten = true;
    for (const [name, tensor] of tensors) {
      const place = places.get(name) ?? this.#file.write(tensor);
      if (place) places.set(name, place);
      else isWritten = false;
      tensor.dispose();
    }
    tensors.clear();
    if (isWritten) return;
    this.#freePlaces(batch);
    batch.activations = undefined;
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

  /** Gives back what a batch takes of the file, but for some tensors. */
  #freePlaces({ places }: CalibratedBatch, kept: readonly string[] = []): void {
    for (const [name, place] of places ?? []) {
      if (kept.includes(name)) continue;
      this.#file.free(place);
      places!.delete(name);
    }
  }

  #drop(batch: CalibratedBatch): void {
    this.#freePlaces(batch);
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
