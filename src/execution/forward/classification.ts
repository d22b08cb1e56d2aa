import * as tf from "@tensorflow/tfjs";
import { activationOf, type LayerGraph, nodeKeyOf } from "../../graph/mod.ts";
import {
  type Answers,
  type Figures,
  type ImageBatch,
  type MeasuredNetwork,
  type Objective,
  requireFiniteOutputs,
} from "./objective.ts";

/** A batch of classified images. */
export interface ClassificationSums {
  /** Images whose likeliest class is their own. */
  readonly correct: number;
  /** −ln p(own class) of every image. */
  readonly losses: Float64Array;
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
  readonly besideBytes = 0;
  async measure(
    { graph, plan }: MeasuredNetwork,
    batches: AsyncIterable<ImageBatch>,
  ): Promise<ClassificationSums[]> {
    const areProbabilities = givesProbabilities(graph);
    const sums: ClassificationSums[] = [];
    for await (const { inputs, labels, indices } of batches) {
      const [output] = plan.predict(inputs);
      const probabilities = areProbabilities ? output : tf.softmax(output);
      const classes = probabilities.shape.at(-1)!;
      const values = probabilities.dataSync();
      let correct = 0;
      const count = labels!.length;
      const answers: Answers = {
        images: Int32Array.from(indices),
        classes: new Int32Array(count),
        probabilities: new Float32Array(count),
      };
      const losses = Float64Array.from(labels!, (label, image) => {
        const row = values.subarray(image * classes, (image + 1) * classes);
        const answer = indexOfLargest(row);
        if (answer === label) correct++;
        answers.classes[image] = answer;
        answers.probabilities[image] = row[answer];
        return -Math.log(Math.max(row[label], SMALLEST_PROBABILITY));
      });
      sums.push({ correct, losses, answers });
      tf.dispose([output, probabilities]);
    }
    return sums;
  }

  figuresOf(batches: readonly ClassificationSums[]): Figures {
    let [correct, loss, images] = [0, 0, 0];
    for (const batch of batches) {
      correct += batch.correct;
      for (const own of batch.losses) loss += own;
      images += batch.losses.length;
    }
    requireFiniteOutputs(loss, images);
    const answers = joinAnswers(batches.map((batch) => batch.answers));
    const accuracy = correct / images;
    return { error: 1 - accuracy, loss: loss / images, accuracy, images, answers };
  }

  rest(): void {}

  dispose(): void {}
}

/** Answers to the images of several parts, one behind the other. */
function joinAnswers(parts: readonly Answers[]): Answers {
  const count = parts.reduce((sum, { images }) => sum + images.length, 0);
  const joined = {
    images: new Int32Array(count),
    classes: new Int32Array(count),
    probabilities: new Float32Array(count),
  };
  let start = 0;
  for (const { images, classes, probabilities } of parts) {
    joined.images.set(images, start);
    joined.classes.set(classes, start);
    joined.probabilities.set(probabilities, start);
    start += images.length;
  }
  return joined;
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if (values[index] > values[best]) best = index;
  }
  return best;
}
