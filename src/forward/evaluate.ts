import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerGraph, nodeKeyOf } from "../graph/mod.ts";
import type { ForwardPlan } from "./forward_plan.ts";

/** Images with their classes, ready for a network. */
export interface LabelledBatch {
  /** Images, N × H × W × C. */
  readonly images: tf.Tensor4D;
  /** Class of every image. */
  readonly labels: Int32Array;
}

/** Sums over images; parts of a data set add up. */
export interface EvaluationSums {
  /** Images whose likeliest class is their own. */
  readonly correct: number;
  /** Sum of −ln p(own class). */
  readonly loss: number;
  /** How many images. */
  readonly images: number;
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
 * @returns Counts and summed cross-entropy, in nats.
 */
export async function evaluateBatches(
  plan: ForwardPlan,
  areProbabilities: boolean,
  batches: AsyncIterable<LabelledBatch>,
): Promise<EvaluationSums> {
  const sums = { correct: 0, loss: 0, images: 0 };
  for await (const { images, labels } of batches) {
    const output = plan.predict(images);
    const probabilities = areProbabilities ? output : tf.softmax(output);
    const classes = probabilities.shape.at(-1)!;
    const values = probabilities.dataSync();
    labels.forEach((label, image) => {
      const row = values.subarray(image * classes, (image + 1) * classes);
      if (indexOfLargest(row) === label) sums.correct++;
      sums.loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY));
    });
    sums.images += labels.length;
    tf.dispose([output, probabilities]);
  }
  return sums;
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] > values[best]) best = index;
  }
  return best;
}

/** Adds up evaluations of parts of a data set. */
export function addEvaluations(parts: readonly EvaluationSums[]): EvaluationSums {
  return parts.reduce((sum, part) => ({
    correct: sum.correct + part.correct,
    loss: sum.loss + part.loss,
    images: sum.images + part.images,
  }));
}
