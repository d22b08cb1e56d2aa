import type * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import type { LayerGraph } from "../../graph/mod.ts";
import type { ForwardPlan } from "./forward_plan.ts";

/** Images ready for a network. */
export interface ImageBatch {
  /** What the network's inputs read: N × H × W × C of images. */
  readonly inputs: readonly tf.Tensor[];
  /** Class of every image; absent where the data has none. */
  readonly labels?: Int32Array;
  /** Index of every image in its set. */
  readonly indices: Int32Array;
}

/** A network's answers, image by image; all arrays have one element per image. */
export interface Answers {
  /** Index of every image in its set. */
  readonly images: Int32Array;
  /** The likeliest class of every image. */
  readonly classes: Int32Array;
  /** The probability that the network gives it. */
  readonly probabilities: Float32Array;
}

/** A network laid out for measuring. */
export interface MeasuredNetwork {
  /** The network. */
  readonly graph: LayerGraph;
  /** Runs it. */
  readonly plan: Pick<ForwardPlan, "predict">;
}

/** How far an output is from the reference's. */
export interface OutputFigures {
  /** Name of the output. */
  readonly name: string;
  /** Relative error, √(Σ‖f − g‖² / Σ‖g − mean g‖²) of the output f against the reference's g. */
  readonly error: number;
  /** Variance of the reference's output: the mean square of an element's deviation from the mean of its channel. */
  readonly variance: number;
}

/** Figures of a network on some images. */
export interface Figures {
  /** What is lost, 0 at best: the share of images classified wrongly, or the relative error of the outputs. */
  readonly error: number;
  /** What is minimized: the mean cross-entropy in nats, or the mean over outputs of the squared relative error. */
  readonly loss: number;
  /** Share of images classified rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /** The answer to every image; absent where outputs are compared. */
  readonly answers?: Answers;
  /** Every output by itself; absent where images are classified. */
  readonly outputs?: readonly OutputFigures[];
  /** Number of images. */
  readonly images: number;
}

/**
 * Refuses sums over a network's outputs that no figures can be made of.
 *
 * @param sum A sum that every output takes part in.
 * @param images How many images it is over.
 * @throws {InputError} When it is NaN or infinite.
 */
export function requireFiniteOutputs(sum: number, images: number): void {
  if (Number.isFinite(sum)) return;
  throw new InputError(
    `measuring a network: found outputs that are no finite numbers on ${images} images, wanted ` +
      "finite ones; check the preprocessing of its inputs, and whether its weights have grown too large",
  );
}

/**
 * What networks are measured by. Sums can be cloned between threads; figures come from those of all batches in the order of
 * the images, so that they do not depend on which thread ran which batch. A network that is better has the smaller error
 * and, within rounding, the smaller loss.
 */
export interface Objective<Sums> {
  /** Bytes of activations, for an image, of what runs beside a network that is measured. */
  readonly besideBytes: number;
  /**
   * Runs batches through a network.
   *
   * @param network The network.
   * @param batches The batches; their images are disposed.
   * @returns Sums over the images of every batch, in order.
   * @throws {InputError} When the network or the images cannot be measured so.
   */
  measure(network: MeasuredNetwork, batches: AsyncIterable<ImageBatch>): Promise<Sums[]>;
  /**
   * Mean figures over some batches.
   *
   * @param batches Their sums, in the order of the images.
   * @returns The figures.
   * @throws {InputError} When the images do not suffice for any.
   */
  figuresOf(batches: readonly Sums[]): Figures;
  /** Frees what it makes again when it measures next. */
  rest(): void;
  /** Frees what it holds. */
  dispose(): void;
}
