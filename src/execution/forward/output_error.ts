import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import { activationBytes, type Network, openNetwork } from "../../graph/mod.ts";
import { disposeModel, type ModelFile } from "../../model/mod.ts";
import { ForwardPlan } from "./forward_plan.ts";
import {
  type Figures,
  type ImageBatch,
  type MeasuredNetwork,
  type Objective,
  requireFiniteOutputs,
} from "./objective.ts";

/**
 * Variance of an output, as a share of its mean square, below which its deviations are rounding, or the images are not what
 * the network knows: an error relative to them would say nothing.
 */
const LEAST_VARIANCE = 1e-8;

/** Sums over images and positions of one output. */
export interface OutputSums {
  /** Name of the output. */
  readonly name: string;
  /** Σ‖f − g‖². */
  readonly squaredError: number;
  /** Σ‖g − mean g‖². */
  readonly squaredDeviation: number;
  /** Mean of g per channel. */
  readonly means: Float64Array;
  /** Number of images times positions. */
  readonly count: number;
}

/** Sums of a comparison of outputs. */
export interface OutputErrorSums {
  /** The outputs in order. */
  readonly outputs: readonly OutputSums[];
  /** How many images. */
  readonly images: number;
}

/**
 * How far the outputs f of a network are from those of a reference g on the same images. The relative error of an output
 * is
 *
 *     e = √( Σ‖f − g‖² / Σ‖g − mean g‖² )
 *
 * summed over images and positions, with the mean per channel of the last axis. e² is the normalized mean squared error,
 * the share of the output's variance that is lost (1 − R²): 0 for the same outputs, 1 for a network that always gives
 * the mean. A layer's relative error, by which it is repaired, is such a share too. Of several outputs the mean of e² is
 * the loss, and its root the error: every output counts the same, however large it is and whatever its unit.
 */
export class OutputError implements Objective<OutputErrorSums> {
  readonly besideBytes: number;
  readonly #path: string;
  readonly #reference: Network;
  #ownPlan: ForwardPlan | undefined;

  private constructor(path: string, reference: Network) {
    this.#path = path;
    this.#reference = reference;
    this.besideBytes = activationBytes(reference.graph).forward;
  }

  get #plan(): ForwardPlan {
    const { graph, model } = this.#reference;
    return this.#ownPlan ??= new ForwardPlan(graph, model, { releasesModel: true });
  }

  /**
   * Opens the reference.
   *
   * @param reference The network that others are compared with.
   * @returns The objective; dispose it.
   * @throws {InputError} When TensorFlow.js cannot make the model.
   */
  static async open(reference: ModelFile): Promise<OutputError> {
    return new OutputError(reference.path, await openNetwork(reference));
  }

  async measure(
    { graph, plan }: MeasuredNetwork,
    batches: AsyncIterable<ImageBatch>,
  ): Promise<OutputErrorSums[]> {
    const sums: OutputErrorSums[] = [];
    for await (const { inputs } of batches) {
      const count = inputs[0].shape[0];
      const wanted = this.#plan.predict(inputs.map((input) => input.clone()));
      const found = plan.predict(inputs);
      this.#requireSameShapes(graph.outputs, found, wanted);
      const outputs = graph.outputs.map((name, index) =>
        compareOutputs(name, found[index], wanted[index])
      );
      tf.dispose([...wanted, ...found]);
      sums.push({ outputs, images: count });
    }
    return sums;
  }

  figuresOf(batches: readonly OutputErrorSums[]): Figures {
    const { outputs: sums, images } = batches.reduce(addBatches);
    const outputs = sums.map(({ name, squaredError, squaredDeviation, means, count }) => {
      requireFiniteOutputs(squaredError + squaredDeviation, images);
      const size = squaredDeviation + count * means.reduce((sum, mean) => sum + mean * mean, 0);
      if (squaredDeviation > LEAST_VARIANCE * size) {
        const error = Math.sqrt(squaredError / squaredDeviation);
        return { name, error, variance: squaredDeviation / (count * means.length) };
      }
      throw new InputError(
        `measuring the output "${name}": ${this.#path} gives nearly the same for all of ${images} ` +
          "image(s), wanted outputs that differ: these say nothing about this network; give images such as " +
          "it was trained on, prepared as they were then",
      );
    });
    const loss = outputs.reduce((sum, { error }) => sum + error ** 2, 0) / outputs.length;
    return { error: Math.sqrt(loss), loss, outputs, images };
  }

  rest(): void {
    this.#ownPlan?.dispose();
    this.#ownPlan = undefined;
  }

  dispose(): void {
    this.rest();
    disposeModel(this.#reference.model);
  }

  #requireSameShapes(
    names: readonly string[],
    found: readonly tf.Tensor[],
    wanted: readonly tf.Tensor[],
  ): void {
    const [own, others] = [found, wanted].map((tensors) =>
      tensors.map(({ shape }) => shape.slice(1).join("×") || "1").join(", ")
    );
    if (own === others) return;
    tf.dispose([...found, ...wanted]);
    throw new InputError(
      `comparing the outputs ${names.join(", ")} with those of ${this.#path}: found ${own}, ` +
        `wanted ${others}; give a reference that the model was made from`,
    );
  }
}

/** Sums over one batch, in f64: deviations from the batch's own mean do not cancel. */
function compareOutputs(name: string, found: tf.Tensor, wanted: tf.Tensor): OutputSums {
  const channels = wanted.shape.length > 1 ? wanted.shape.at(-1)! : 1;
  const [own, others] = [found.dataSync(), wanted.dataSync()];
  const count = others.length / channels;
  const means = new Float64Array(channels);
  for (let i = 0; i < others.length; i++) means[i % channels] += others[i];
  for (let channel = 0; channel < channels; channel++) means[channel] /= count;
  let [squaredError, squaredDeviation] = [0, 0];
  for (let i = 0; i < others.length; i++) {
    squaredError += (own[i] - others[i]) ** 2;
    squaredDeviation += (others[i] - means[i % channels]) ** 2;
  }
  return { name, squaredError, squaredDeviation, means, count };
}

function addBatches(first: OutputErrorSums, second: OutputErrorSums): OutputErrorSums {
  return {
    outputs: first.outputs.map((sums, index) => addOutputs(sums, second.outputs[index])),
    images: first.images + second.images,
  };
}

/** Deviations move to the common mean (Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance"). */
function addOutputs(first: OutputSums, second: OutputSums): OutputSums {
  const count = first.count + second.count;
  const share = second.count / count;
  let between = 0;
  const means = first.means.map((mean, channel) => {
    const step = second.means[channel] - mean;
    between += step * step;
    return mean + step * share;
  });
  return {
    name: first.name,
    squaredError: first.squaredError + second.squaredError,
    squaredDeviation: first.squaredDeviation + second.squaredDeviation +
      between * first.count * share,
    means,
    count,
  };
}
