import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerGraph, nodeKeyOf } from "../graph/mod.ts";
import type { Answers, Figures, ImageBatch, MeasuredNetwork, Objective } from "./objective.ts";

/** Sums over classified images. */
export interface ClassificationSums {
  /** Images whose likeliest class is their own. */
  readonly correct: number;
  /** Sum of −ln p(own class). */
  readonly loss: number;
  /** How many images. */
  readonly images: number;
  /** The single answers. */
  readonly answers: Answers;
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
    const [seen, found, certainty]: number[][] = [[], [], []];
    for await (const { inputs, labels, indices } of batches) {
      const [output] = plan.predict(inputs);
      const probabilities = areProbabilities ? output : tf.softmax(output);
      const classes = probabilities.shape.at(-1)!;
      const values = probabilities.dataSync();
      labels!.forEach((label, image) => {
        const row = values.subarray(image * classes, (image + 1) * classes);
        const answer = indexOfLargest(row);
        if (answer === label) sums.correct++;
        seen.push(indices[image]);
        found.push(answer);
        certainty.push(row[answer]);
        sums.loss -= Math.log(Math.max(row[label], SMALLEST_PROBABILITY));
      });
      sums.images += labels!.length;
      tf.dispose([output, probabilities]);
    }
    const answers = {
      images: Int32Array.from(seen),
      classes: Int32Array.from(found),
      probabilities: Float32Array.from(certainty),
    };
    return { ...sums, answers };
  }

  add(first: ClassificationSums, second: ClassificationSums): ClassificationSums {
    return {
      correct: first.correct + second.correct,
      loss: first.loss + second.loss,
      images: first.images + second.images,
      answers: joinAnswers(first.answers, second.answers),
    };
  }

  figuresOf({ correct, loss, images, answers }: ClassificationSums): Figures {
    const accuracy = correct / images;
    return { error: 1 - accuracy, loss: loss / images, accuracy, images, answers };
  }

  dispose(): void {}
}

/** Answers to the images of two parts, one part behind the other. */
function joinAnswers(first: Answers, second: Answers): Answers {
  return {
    images: join(first.images, second.images),
    classes: join(first.classes, second.classes),
    probabilities: new Float32Array([...first.probabilities, ...second.probabilities]),
  };
}

function join(first: Int32Array, second: Int32Array): Int32Array {
  return new Int32Array([...first, ...second]);
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] > values[best]) best = index;
  }
  return best;
}
