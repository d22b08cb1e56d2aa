/** Our side of train_bench.ts: a network and one batch, trained on this thread and by workers. */
import * as tf from "@tensorflow/tfjs";
import { type Batch, readBatch } from "../src/data/batches.ts";
import { ImageFaults } from "../src/data/image_faults.ts";
import { type Network, openNetwork } from "../src/graph/opening/network.ts";
import type { Kernels } from "../src/kernels/load.ts";
import type { ModelFile } from "../src/model/model_file.ts";
import type { PixelTransform, Preprocessing } from "../src/model/preprocessing.ts";
import { buildNetwork } from "../src/tuning/nets/build.ts";
import { shardIndices, WorkerPool } from "../src/session/workers/worker_pool.ts";
import { createRandom } from "../src/base/random.ts";
import { createLoss } from "../src/execution/training/training_loss.ts";
import {
  layOutParameters,
  packParameters,
  type ParameterLayout,
} from "../src/execution/training/parameters.ts";
import { Optimizer } from "../src/execution/training/optimizer.ts";
import { TrainingNetwork } from "../src/execution/training/training_network.ts";

export const SEED = 1;
export const RULE = { optimizer: "momentum", momentum: 0.9, weightDecay: 5e-4 } as const;
export const LEARNING_RATE = 0.01;
export const SIDE = 32, CLASSES = 10;
const CHANNELS = 3, PIXELS = SIDE * SIDE * CHANNELS;
const LOSS = {
  kind: "classes",
  options: { labelSmoothing: 0, distillationWeight: 0, temperature: 1 },
} as const;
const TRANSFORM: PixelTransform = {
  scale: 1,
  mean: [127.5, 127.5, 127.5],
  std: [63.75, 63.75, 63.75],
  channelOrder: "rgb",
};
export const PREPROCESSING: Preprocessing = {
  inputs: [{ name: "image", shape: [SIDE, SIDE, CHANNELS], transform: TRANSFORM }],
};

/** What all train: the network with its flat weights, and a folder with the batch. */
export interface Subject extends Network {
  readonly file: ModelFile;
  readonly layout: ParameterLayout;
  readonly weights: Float32Array;
  readonly data: string;
  /** Positions of the batch's images. */
  readonly images: Int32Array;
}

/** What to train. */
export interface SubjectOptions {
  /** A name that `train` knows. */
  readonly name: string;
  /** Images of a batch. */
  readonly batch: number;
}

/**
 * Builds the network, and writes a batch of noise, labeled at random, as CIFAR-10 binaries.
 *
 * @param data Folder that the batch is written to.
 * @param options What to train.
 */
export async function makeSubject(
  data: string,
  { name, batch }: SubjectOptions,
): Promise<Subject> {
  const shape = { inputShape: [SIDE, SIDE, CHANNELS], classes: CLASSES } as const;
  const file = await buildNetwork(name, shape, SEED);
  const network = await openNetwork(file);
  const layout = layOutParameters(network.graph);
  const weights = new Float32Array(layout.length);
  packParameters(network.graph, layout, weights);
  const random = createRandom(SEED);
  const records = Uint8Array.from(
    { length: batch * (1 + PIXELS) },
    (_, at) => Math.floor(random() * (at % (1 + PIXELS) === 0 ? CLASSES : 256)),
  );
  Deno.writeFileSync(`${data}/data_batch_1.bin`, records);
  Deno.writeFileSync(`${data}/test_batch.bin`, records.subarray(0, 1 + PIXELS));
  const images = Int32Array.from({ length: batch }, (_, index) => index);
  return { ...network, file, layout, weights, data, images };
}

/** Images of a batch, `first` … `end` − 1, as a tensor. */
export function imagesOf(batch: Batch, first = 0, end = batch.labels!.length): tf.Tensor4D {
  const values = batch.inputs[0].subarray(first * PIXELS, end * PIXELS);
  return tf.tensor4d(values, [end - first, SIDE, SIDE, CHANNELS]);
}

/** A training on this thread, the batch in memory. */
export class LocalTraining {
  /** Flat gradients of the last step. */
  readonly gradients: Float32Array;
  readonly #network: TrainingNetwork;
  readonly #weights: Float32Array;
  readonly #optimizer: Optimizer;
  #steps = 0;

  constructor(kernels: Kernels, { graph, model, layout, weights }: Subject) {
    this.#network = new TrainingNetwork(kernels, graph, model, layout, {
      loss: createLoss(LOSS),
    });
    this.#weights = weights.slice();
    this.gradients = new Float32Array(layout.length);
    this.#optimizer = new Optimizer(layout, RULE);
  }

  /** Loss and gradients, at other weights if there are any. */
  differentiate(images: tf.Tensor4D, labels: Int32Array, weights = this.#weights): number {
    this.#network.load(weights);
    return this.#network.step({ inputs: [images], labels }, this.gradients).loss / labels.length;
  }

  /** One step; its loss. */
  step(images: tf.Tensor4D, labels: Int32Array): number {
    const loss = this.differentiate(images, labels);
    this.#optimizer.update(this.#weights, this.gradients, LEARNING_RATE, ++this.#steps);
    return loss;
  }

  /** Mean gradients of two halves of a batch, each with statistics of its own. */
  differentiateHalves(batch: Batch): Float32Array {
    const mean = new Float32Array(this.gradients.length);
    for (const half of shardIndices(Int32Array.from(batch.labels!.keys()), 2)) {
      const [first, end] = [half[0], half[0] + half.length];
      const images = imagesOf(batch, first, end);
      this.differentiate(images, batch.labels!.subarray(first, end));
      images.dispose();
      this.gradients.forEach((value, at) => mean[at] += value / 2);
    }
    return mean;
  }
}

/** A training by workers, as `train` does it. */
export class PoolTraining {
  /** Flat gradients of the last step. */
  readonly gradients: Float32Array;
  readonly #pool: WorkerPool;
  readonly #images: Int32Array;
  readonly #weights: Float32Array;
  readonly #optimizer: Optimizer;
  #steps = 0;

  private constructor(pool: WorkerPool, { layout, images }: Subject, weights: Float32Array) {
    this.#pool = pool;
    this.#images = images;
    this.#weights = weights;
    this.gradients = new Float32Array(layout.length);
    this.#optimizer = new Optimizer(layout, RULE);
  }

  /** Starts so many workers, this thread included. */
  static async start(workers: number, subject: Subject): Promise<PoolTraining> {
    const { file, layout, weights, data } = subject;
    const spec = { data, preprocessing: PREPROCESSING, outputs: CLASSES, badImageShare: 0 };
    const pool = await WorkerPool.open(spec, workers);
    const augmentation = { shift: 0, flip: false };
    const request = { file, loss: LOSS, augmentation, seed: SEED };
    const shared = await pool.startTraining(request, layout.length);
    shared.set(weights);
    return new PoolTraining(pool, subject, shared);
  }

  /** The batch as the workers read it. */
  async readBatch(): Promise<Batch> {
    const { train } = this.#pool.local.dataset;
    const faults = new ImageFaults({ share: 0, planned: this.#images.length });
    return await readBatch(train, this.#images, PREPROCESSING.inputs, faults);
  }

  /** Loss and gradients. */
  async differentiate(): Promise<number> {
    const { loss, images } = await this.#pool.trainStep(this.#images, 1, this.gradients);
    return loss / images;
  }

  /** One step; its loss. */
  async step(): Promise<number> {
    const loss = await this.differentiate();
    this.#optimizer.update(this.#weights, this.gradients, LEARNING_RATE, ++this.#steps);
    return loss;
  }

  /** Stops the workers. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
