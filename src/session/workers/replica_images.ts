import type * as tf from "@tensorflow/tfjs";
import { InputError, letOthersRun } from "../../base/mod.ts";
import {
  type Batch,
  chunk,
  type Dataset,
  ImageFaults,
  type ImageSet,
  readBatch,
} from "../../data/mod.ts";
import type { ImageBatch } from "../../execution/mod.ts";
import { giveBack } from "../../kernels/mod.ts";
import type { InputPreparation } from "../../model/mod.ts";
import { toTensors } from "./to_tensors.ts";

/** A split of the data set. */
export type SplitName = "train" | "test";

/** Some images of a split. */
export interface ImageSelection {
  /** The split. */
  readonly split: SplitName;
  /** Indices into it. */
  readonly indices: Int32Array;
  /** Images of every batch. */
  readonly batchSize: number;
  /** Whether they are looked at for the time that takes alone: those that cannot be read do not count then. */
  readonly isTrial?: boolean;
}

/** Images that could not be read, as a replica met them. */
export interface FaultReport {
  /** How many. */
  readonly count: number;
  /** Where they come from. */
  readonly names: readonly string[];
  /** What is wrong with each, as a message. */
  readonly reasons: readonly string[];
}

/** A replica's images: those that cannot be read are passed over and counted. */
export class ReplicaImages {
  /** The data set. */
  readonly dataset: Dataset;
  readonly #inputs: readonly InputPreparation[];
  readonly #faults: ImageFaults;
  #isStopped = false;

  /**
   * @param dataset The data set; the caller closes it.
   * @param inputs What the network's inputs read.
   * @param badImageShare Largest share of the test images that may be undecodable.
   */
  constructor(dataset: Dataset, inputs: readonly InputPreparation[], badImageShare: number) {
    this.dataset = dataset;
    this.#inputs = inputs;
    this.#faults = new ImageFaults({ share: badImageShare, planned: dataset.test.length });
  }

  /** Those that could not be read so far. */
  get faults(): FaultReport {
    const { count, names, reasons } = this.#faults;
    return { count, names, reasons };
  }

  /** Ends what reads them, at the next batch, until {@link resume} is called. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Lets them be read again. */
  resume(): void {
    this.#isStopped = false;
  }

  /**
   * Reads some batch by batch; who is given a batch disposes its tensors.
   *
   * @param selection Which, and how many in a batch.
   * @param onBatch Called when a batch has been used.
   */
  async *batches(
    { split, indices, batchSize, isTrial = false }: ImageSelection,
    onBatch: () => void,
  ): AsyncGenerator<ImageBatch> {
    const faults = isTrial ? new ImageFaults({ share: 1 }) : this.#faults;
    for (const part of chunk(indices, batchSize)) {
      yield await this.readTensors(this.dataset[split], part, faults);
      onBatch();
    }
  }

  /** Reads a batch as what the network's inputs read; the caller disposes the tensors. */
  async readTensors(
    set: ImageSet,
    indices: Int32Array,
    faults = this.#faults,
  ): Promise<Omit<Batch, "inputs"> & { inputs: tf.Tensor[] }> {
    const batch = await this.read(set, indices, faults);
    const inputs = toTensors(batch, this.#inputs);
    // The backend has copies; the collector would let several batches pile up.
    giveBack(batch.inputs);
    return { ...batch, inputs };
  }

  /**
   * Reads a batch.
   *
   * @throws {InputError} When none of it can be read.
   */
  async read(set: ImageSet, indices: Int32Array, faults = this.#faults): Promise<Batch> {
    await letOthersRun();
    if (this.#isStopped) throw new Error("reading images: another thread has ended the work");
    const batch = await readBatch(set, indices, this.#inputs, faults);
    if (batch.size === 0) {
      throw new InputError(
        `reading images: found none of ${indices.length} that can be read, wanted at least one; ` +
          `mend them as said here: ${faults.reasons.at(-1)}`,
      );
    }
    return batch;
  }
}
