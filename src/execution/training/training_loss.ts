import * as tf from "@tensorflow/tfjs";
import { answerDivergence, type LossOptions, meanLoss } from "./loss.ts";

/** Images of a step. */
export interface TrainingBatch {
  /** What the network's inputs read: N × H × W × C of images. */
  readonly inputs: readonly tf.Tensor[];
  /** Class of every image, when the loss needs it. */
  readonly labels?: Int32Array;
  /** What the teacher gives: its outputs, or the logits of its only one. */
  readonly teacher?: readonly tf.Tensor[];
  /** Whole numbers that what layers draw at random follows from, as the seed of a run. Default: none. */
  readonly randomKeys?: readonly number[];
}

/** What a step over some images gives beside its gradients. */
export interface StepSums {
  /** Sum of the losses. */
  readonly loss: number;
  /** Images classified rightly; absent where there are no classes. */
  readonly correct?: number;
  /** Images of the step. */
  readonly images: number;
}

/** Adds up steps over different images. */
export function addStepSums(first: StepSums, second: StepSums): StepSums {
  const isCounted = first.correct !== undefined && second.correct !== undefined;
  return {
    loss: first.loss + second.loss,
    ...(isCounted && { correct: first.correct! + second.correct! }),
    images: first.images + second.images,
  };
}

/** Which loss a network is trained by, as it can be sent to a thread. */
export type LossSpec =
  | { readonly kind: "classes"; readonly options: LossOptions }
  | { readonly kind: "answers"; readonly temperature: number }
  | { readonly kind: "outputs"; readonly variances: readonly number[] };

/** The loss that a network is trained by. */
export interface TrainingLoss {
  /** Whether it reads logits: a softmax at the end of student and teacher is left out then. */
  readonly readsLogits: boolean;
  /**
   * Mean loss of a batch.
   *
   * @param outputs The network's outputs.
   * @param batch What they are to be.
   * @returns The mean over images, and how many are classified rightly where that is known.
   */
  meanOf(
    outputs: readonly tf.Tensor[],
    batch: TrainingBatch,
  ): { loss: tf.Scalar; correct?: number };
}

/** Makes the loss of a specification. */
export function createLoss(spec: LossSpec): TrainingLoss {
  switch (spec.kind) {
    case "classes":
      return new ClassLoss(spec.options);
    case "answers":
      return new AnswerLoss(spec.temperature);
    case "outputs":
      return new OutputLoss(spec.variances);
  }
}

/** Cross-entropy towards the classes and a teacher's softened answers: {@link meanLoss}. */
class ClassLoss implements TrainingLoss {
  readonly readsLogits = true;
  readonly #options: LossOptions;

  constructor(options: LossOptions) {
    this.#options = options;
  }

  meanOf([output]: readonly tf.Tensor[], { labels, teacher }: TrainingBatch) {
    const logits = output as tf.Tensor2D;
    const targets = teacher?.[0] as tf.Tensor2D | undefined;
    return {
      loss: meanLoss(logits, labels!, this.#options, targets),
      correct: countCorrect(logits, labels!),
    };
  }
}

/** The teacher's softened answers alone: {@link answerDivergence}. */
class AnswerLoss implements TrainingLoss {
  readonly readsLogits = true;
  readonly #temperature: number;

  constructor(temperature: number) {
    this.#temperature = temperature;
  }

  meanOf([output]: readonly tf.Tensor[], { teacher }: TrainingBatch) {
    return { loss: answerDivergence(output, teacher![0], this.#temperature) };
  }
}

/**
 * Squared error towards the outputs g of a teacher,
 *
 *     mean over outputs of  mean (f − g)² / variance
 *
 * with the variances of the outputs that networks are measured against, so that the loss is the squared relative error
 * which the measurement gives.
 */
class OutputLoss implements TrainingLoss {
  readonly readsLogits = false;
  readonly #variances: readonly number[];

  constructor(variances: readonly number[]) {
    this.#variances = variances;
  }

  meanOf(outputs: readonly tf.Tensor[], { teacher }: TrainingBatch) {
    const shares = outputs.map((output, index) =>
      tf.mean(tf.squaredDifference(output, teacher![index])).div(this.#variances[index])
    );
    return { loss: tf.mean(tf.stack(shares)) as tf.Scalar };
  }
}

function countCorrect(logits: tf.Tensor2D, labels: Int32Array): number {
  const predicted = tf.argMax(logits, -1).dataSync();
  return labels.reduce((count, label, index) => count + (predicted[index] === label ? 1 : 0), 0);
}
