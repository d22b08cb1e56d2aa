import * as tf from "@tensorflow/tfjs";
import {
  augmentBatch,
  type Batch,
  countVersions,
  type TrainingAugmentation,
} from "../../data/mod.ts";
import {
  createLoss,
  layOutParameters,
  type LossSpec,
  type StepSums,
  type TrainingLoss,
  TrainingNetwork,
} from "../../execution/mod.ts";
import { type Network, openNetwork } from "../../graph/mod.ts";
import { type Kernels, loadKernels } from "../../kernels/mod.ts";
import { disposeModel, type InputPreparation, type ModelFile } from "../../model/mod.ts";
import { Teacher } from "./teacher.ts";
import { toTensors } from "./to_tensors.ts";

/** What a training needs to know beside the replica's own specification. */
export interface TrainingRequest {
  /** The network, with the weights it starts from. */
  readonly file: ModelFile;
  /** The network that is imitated, for distillation. */
  readonly teacher?: ModelFile;
  /** The loss. */
  readonly loss: LossSpec;
  /** Whether BatchNormalization keeps its mean and variance. Default false. */
  readonly freezesStatistics?: boolean;
  /** Random changes of the images. */
  readonly augmentation: TrainingAugmentation;
  /** Seed of these changes. */
  readonly seed: number;
  /** Flat weights, shared by all replicas; read at every step. */
  readonly weights: ArrayBufferLike;
  /** Flat gradients and batch statistics of this replica; written at every step. */
  readonly gradients: ArrayBufferLike;
}

/** A training under way on one replica. */
export class TrainingReplica {
  readonly #request: TrainingRequest;
  readonly #inputs: readonly InputPreparation[];
  readonly #student: Network;
  readonly #network: TrainingNetwork;
  readonly #loss: TrainingLoss;
  readonly #teacher: Teacher | undefined;

  private constructor(
    kernels: Kernels,
    request: TrainingRequest,
    inputs: readonly InputPreparation[],
    student: Network,
    teacher: Network | undefined,
  ) {
    this.#request = request;
    this.#inputs = inputs;
    this.#student = student;
    this.#loss = createLoss(request.loss);
    this.#network = new TrainingNetwork(
      kernels,
      student.graph,
      student.model,
      layOutParameters(student.graph),
      { loss: this.#loss, freezesStatistics: request.freezesStatistics },
    );
    this.#teacher = teacher && new Teacher(teacher, {
      readsLogits: this.#loss.readsLogits,
      isRepeated: Number.isFinite(countVersions(request.augmentation)),
    });
  }

  /**
   * Prepares a training.
   *
   * @param request What is trained, and how.
   * @param inputs What the networks read.
   * @returns The training.
   */
  static async open(
    request: TrainingRequest,
    inputs: readonly InputPreparation[],
  ): Promise<TrainingReplica> {
    const student = await openNetwork(request.file);
    const teacher = request.teacher && await openNetwork(request.teacher);
    const kernels = await loadKernels();
    return new TrainingReplica(kernels, request, inputs, student, teacher);
  }

  /** Bytes of activations that the teacher has for an image; 0 without one. */
  get teacherBytes(): number {
    return this.#teacher?.imageBytes ?? 0;
  }

  /** What the last step gave, flat: gradients, and batch statistics in the places of moving ones. */
  get gradients(): Float32Array {
    return new Float32Array(this.#request.gradients);
  }

  /**
   * Runs a batch forward and backward.
   *
   * @param batch Preprocessed images; changed by augmentation.
   * @param epoch Number of the epoch, which says how images are changed, and what layers drop.
   * @returns Loss and right answers; the gradients are in the request's buffer.
   */
  step(batch: Batch, epoch: number): StepSums {
    const { augmentation, seed, weights } = this.#request;
    const versions = countVersions(augmentation), version = epoch % versions;
    augmentBatch(batch, this.#inputs, augmentation, seed, version);
    this.#network.load(new Float32Array(weights));
    const inputs = toTensors(batch, this.#inputs);
    const shown = batch.indices.map((index) => index * versions + version);
    const teacher = this.#teacher?.answer(inputs, shown);
    try {
      const randomKeys = [seed, epoch, batch.indices[0]];
      const training = { inputs, labels: batch.labels, teacher, randomKeys };
      return this.#network.step(training, this.gradients);
    } finally {
      tf.dispose([...inputs, ...(teacher ?? [])]);
    }
  }

  /** Frees the networks. */
  dispose(): void {
    this.#network.dispose();
    disposeModel(this.#student.model);
    this.#teacher?.dispose();
  }
}
