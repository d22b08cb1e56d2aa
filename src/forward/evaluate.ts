import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerGraph, nodeKeyOf } from "../graph/mod.ts";
import type { ForwardPlan } from "./forward_plan.ts";

/** Images with their classes, ready for a network. */
export interface LabelledBatch {
  /** Images, N × H × W × C. */
  readonly images: tf.Tensor4D;
  /** Class of every image. */
  readonly labels: Int32Array;
  /** Index of every image in its set. */
  readonly indices: Int32Array;
}

/** What a network answered, image by image. */
export interface Answers {
  /** Index of every image in its set. */
  readonly images: Int32Array;
  /** The likeliest class of every image. */
  readonly classes: Int32Array;
  /** The probability that the network gives it. */
  readonly probabilities: Float32Array;
}

/** Sums over images; parts of a data set add up. */
export interface EvaluationSums {
  /** Images whose likeliest class is their own. */
  readonly correct: number;
  /** Sum of −ln p(own class). */
  readonly loss: number;
  /** How many images. */
  readonly images: number;
  /** The single answers, in the order of the images. */
  readonly answers: Answers;
}

const SMALLEST_PROBABILITY = 1e-7;

/** Whether a network's first output holds probabilities rather than logits. */
export function givesProbabilities(graph: LayerGraph): boolean {
  const key = nodeKeyOf(graph.outputs[0]);
  const node = graph.nodes.find((candidate) => candidate.key === key)!;
  return node.className === "Softmax" || activationOf(node) === "softmax";
}

/**
 * Runs batches through a network and counts.
 *
 * @param plan The network.
 * @param areProbabilities Whether its output is a probability per class; otherwise softmax is applied.
 * @param batches The batches; their images are disposed.
 * @returns Counts, summed cross-entropy in nats, and the answers.
 */
export async function evaluateBatches(
  plan: ForwardPlan,
  areProbabilities: boolean,
  batches: AsyncIterable<LabelledBatch>,
): Promise<EvaluationSums> {
  const sums = { correct: 0, loss: 0, images: 0 };
  const seen: number[] = [];
  const found: number[] = [];
  const certainty: number[] = [];
  for await (const { images, labels, indices } of batches) {
    const output = plan.predict(images);
    const probabilities = areProbabilities ? output : tf.softmax(output);
    const classes = probabilities.shape.at(-1)!;
    const values = probabilities.dataSync();
    labels.forEach((label, image) => {
      const row = values.subarray(image * classes, (image + 1) * classes);
      const answer = indexOfLargest(row);
      if (answer === label) sums.correct++;
      seen.push(indices[image]);
      found.push(answer);
      certainty.push(row[answer]);
      sums.loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY));
    });
    sums.images += labels.length;
    tf.dispose([output, probabilities]);
  }
  const answers = {
    images: Int32Array.from(seen),
    classes: Int32Array.from(found),
    probabilities: Float32Array.from(certainty),
  };
  return { ...sums, answers };
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] > values[best]) best = index;
  }
  return best;
}

/** Adds up evaluations of parts of a data set; their answers stand behind each other. */
export function addEvaluations(parts: readonly EvaluationSums[]): EvaluationSums {
  const sums = parts.reduce((sum, part) => ({
    ...sum,
    correct: sum.correct + part.correct,
    loss: sum.loss + part.loss,
    images: sum.images + part.images,
  }));
  const answers = parts.map((part) => part.answers);
  return {
    ...sums,
    answers: {
      images: Int32Array.from(answers.flatMap(({ images }) => [...images])),
      classes: Int32Array.from(answers.flatMap(({ classes }) => [...classes])),
      probabilities: Float32Array.from(answers.flatMap(({ probabilities }) => [...probabilities])),
    },
  };
}
