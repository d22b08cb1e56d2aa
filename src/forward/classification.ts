import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerGraph, nodeKeyOf } from "../graph/mod.ts";
import type { Figures, ImageBatch, MeasuredNetwork, Objective } from "./objective.ts";

/** Sums over classified images. */
export interface ClassificationSums {
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

/** Right answers and cross-entropy of a network whose only output has a score per class; softmax is applied to logits. */
export class Classification implements Objective<ClassificationSums> {
  async measure(
    { graph, plan }: MeasuredNetwork,
    batches: AsyncIterable<ImageBatch>,
  ): Promise<ClassificationSums> {
    const areProbabilities = givesProbabilities(graph);
    const sums = { correct: 0, loss: 0, images: 0 };
    for await (const { inputs, labels } of batches) {
      const [output] = plan.predict(inputs);
      const probabilities = areProbabilities ? output : tf.softmax(output);
      const classes = probabilities.shape.at(-1)!;
      const values = probabilities.dataSync();
      labels!.forEach((label, image) => {
        const row = values.subarray(image * classes, (image + 1) * classes);
        if (indexOfLargest(row) === label) sums.correct++;
        sums.loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY));
      });
      sums.images += labels!.length;
      tf.dispose([output, probabilities]);
    }
    return sums;
  }

  add(first: ClassificationSums, second: ClassificationSums): ClassificationSums {
    return {
      correct: first.correct + second.correct,
      loss: first.loss + second.loss,
      images: first.images + second.images,
    };
  }

  figuresOf({ correct, loss, images }: ClassificationSums): Figures {
    const accuracy = correct / images;
    return { error: 1 - accuracy, loss: loss / images, accuracy, images };
  }

  dispose(): void {}
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] > values[best]) best = index;
  }
  return best;
}
