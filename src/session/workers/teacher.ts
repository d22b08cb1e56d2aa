import * as tf from "@tensorflow/tfjs";
import { ForwardPlan, givesProbabilities } from "../../execution/mod.ts";
import { activationBytes, fitBatch, type Network } from "../../graph/mod.ts";
import { disposeModel } from "../../model/mod.ts";

const SMALLEST_PROBABILITY = 1e-10;

/** Bytes of answers that are kept. */
const KEPT_BYTES = 64 * 2 ** 20;

/**
 * Images that are answered together where answers are kept. Kernels are chosen by the number of images: were it another one
 * each time, an answer would depend on what else was asked, and a training that is resumed would end in other bits.
 */
const TOGETHER = 8;

/** How a teacher is asked. */
export interface TeacherOptions {
  /** Whether the loss reads logits: logarithms of probabilities are given then, which softmax takes back. */
  readonly readsLogits: boolean;
  /** Whether the same versions of images are shown again and again, so that answers can be kept. */
  readonly isRepeated: boolean;
}

/** A network that another one imitates. */
export class Teacher {
  readonly #network: Network;
  readonly #plan: ForwardPlan;
  readonly #givesLogarithms: boolean;
  /** Answers by version of an image, where they are kept. */
  readonly #kept: Map<number, Float32Array[]> | undefined;
  /** Of outputs, without the batch. */
  #shapes: number[][] = [];
  #room = KEPT_BYTES;

  /**
   * @param network The network; it is disposed with the teacher.
   * @param options How it is asked.
   */
  constructor(network: Network, { readsLogits, isRepeated }: TeacherOptions) {
    this.#network = network;
    this.#plan = new ForwardPlan(network.graph, network.model);
    this.#givesLogarithms = readsLogits && givesProbabilities(network.graph);
    this.#kept = isRepeated ? new Map() : undefined;
  }

  /** Bytes of activations that it has for an image. */
  get imageBytes(): number {
    return activationBytes(this.#network.graph).forward;
  }

  /**
   * What it answers.
   *
   * @param inputs Preprocessed images; they stay the caller's.
   * @param versions A number for each that only the same image in the same version has, where answers are kept.
   * @returns Its outputs, or their logarithms; the caller disposes them.
   */
  answer(inputs: readonly tf.Tensor[], versions: Int32Array): tf.Tensor[] {
    if (this.#kept === undefined) return this.#ask(inputs.map((input) => input.clone()));
    const answers = Array.from(versions, (version) => this.#kept!.get(version));
    const missing = [...answers.keys()].filter((row) => answers[row] === undefined);
    const size = fitBatch(TOGETHER, this.imageBytes);
    for (let first = 0; first < missing.length; first += size) {
      const rows = missing.slice(first, first + size);
      const found = this.#askFor(inputs, rows, size);
      rows.forEach((row, at) => {
        answers[row] = found[at];
        this.#keep(versions[row], found[at]);
      });
    }
    return this.#shapes.map((shape, output) => {
      const length = tf.util.sizeFromShape(shape);
      const values = new Float32Array(answers.length * length);
      answers.forEach((answer, row) => values.set(answer![output], row * length));
      return tf.tensor(values, [answers.length, ...shape]);
    });
  }

  /** Frees the network. */
  dispose(): void {
    this.#plan.dispose();
    disposeModel(this.#network.model);
  }

  #ask(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    return tf.tidy(() => {
      const outputs = this.#plan.predict(inputs);
      return this.#givesLogarithms
        ? outputs.map((output) => tf.log(tf.maximum(output, SMALLEST_PROBABILITY)))
        : outputs;
    });
  }

  /** Answers to some rows, each output by itself; `size` images are asked for, of which the last ones may be the same. */
  #askFor(inputs: readonly tf.Tensor[], rows: readonly number[], size: number): Float32Array[][] {
    const padded = Array.from({ length: size }, (_, at) => rows[Math.min(at, rows.length - 1)]);
    const outputs = tf.tidy(() => {
      const chosen = tf.tensor1d(padded, "int32");
      return this.#ask(inputs.map((input) => tf.gather(input, chosen)));
    });
    this.#shapes = outputs.map(({ shape }) => shape.slice(1));
    const values = outputs.map((output) => output.dataSync<"float32">());
    tf.dispose(outputs);
    return rows.map((_, at) => values.map((all) => all.slice(...rangeOf(all.length / size, at))));
  }

  #keep(version: number, answer: Float32Array[]): void {
    const bytes = answer.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > this.#room) return;
    this.#room -= bytes;
    this.#kept!.set(version, answer);
  }
}

function rangeOf(length: number, at: number): [start: number, end: number] {
  return [at * length, (at + 1) * length];
}
