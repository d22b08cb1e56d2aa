import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import { chunk } from "../../data/mod.ts";
import { ForwardPlan, releaseUnusedWeights } from "../forward/forward_plan.ts";
import { isFirstCall, kernelSize, type Network } from "../../graph/mod.ts";
import {
  inputSquares,
  type Kernels,
  type MomentParts,
  type PackedMoments,
} from "../../kernels/mod.ts";
import type { Weight } from "../../model/mod.ts";
import { HalvedSums } from "./halved_sums.ts";
import type { KeptTargets } from "./kept_targets.ts";
import { LayerSampler, outputsOf, type SampledLayer } from "./layer_sampler.ts";
import { keptSamples, SampleSums } from "./sample_sums.ts";
import { type CalibratedBatch, WaitingBatches } from "./waiting_batches.ts";

/** A batch of preprocessed images. */
export interface CalibrationBatch {
  /** What the network's inputs read: N × H × W × C of images. */
  readonly inputs: readonly tf.Tensor[];
  /** Their indices in the data set. */
  readonly indices: ArrayLike<number>;
  /** How many of them, the first ones, belong to the first half of all images. */
  readonly firstHalf: number;
}

/** How statistics are gathered. */
export interface CalibrationOptions {
  /** Seed of the run. */
  readonly seed: number;
  /** Images of all shards. */
  readonly images: number;
  /** Positions per image and layer. Default: as many as each layer wants, {@link pointsFor}. */
  readonly pointsPerImage?: number;
  /** Bytes of activations that may wait between two layers on the heap; what is beyond it waits in a file. */
  readonly memoryBudget: number;
  /** Where that file is tried before the system's folder for temporary files. */
  readonly scratch?: string;
  /** Called after every batch. */
  readonly onBatch?: () => void;
}

/** What a calibrator works on. */
export interface CalibrationSubject {
  /** The WebAssembly kernels. */
  readonly kernels: Kernels;
  /** The original network; of its model the weights that no plan needs are freed. */
  readonly original: Network;
  /** The same with the weights that it has by now; so are its model's. */
  readonly repaired: Network;
  /** Keys of the layers that will be asked for, in graph order. */
  readonly layers: readonly string[];
  /** How many batches there are. */
  readonly batches: number;
  /** The share of either half of all images that is in these batches. Default: all. */
  readonly shares?: readonly [number, number];
  /** What the original gave, as far as an earlier pass kept it; {@link Calibrator.gatherOriginal} adds to it. */
  readonly kept?: KeptTargets;
  /** Reads a batch; the calibrator owns its images. */
  readonly readBatch: (batch: number) => Promise<CalibrationBatch>;
}

/** Images that go through the original network together; all belong to one half. */
export const IMAGES_TOGETHER = 16;

/** What a layer's moments are gathered in. */
type MomentSums = HalvedSums | SampleSums;

/** A batch that is ready to be moved. */
type LiveBatch = CalibratedBatch & Required<Pick<CalibratedBatch, "activations">>;

/**
 * Gathers least-squares statistics layer by layer for sequential repair (He et al. 2017, section 3.2): inputs X come
 * from the network as repaired so far, targets Y from the original.
 *
 * Both networks are moved along the graph once. Between two layers a batch waits with its live activations of the
 * repaired network and the sampled outputs of the original one ({@link WaitingBatches}).
 *
 * The samples of a layer that is called several times are those of all its calls.
 */
export class Calibrator {
  readonly #subject: CalibrationSubject;
  readonly #options: CalibrationOptions;
  /** Absent as long as nobody asks for the original's outputs, or none are wanted any more. */
  #originalPlan: ForwardPlan | undefined;
  /** Absent as long as nothing goes through the repaired network. */
  #repairedPlan: ForwardPlan | undefined;
  readonly #sampler: LayerSampler;
  readonly #waiting: WaitingBatches;
  readonly #sums = new Map<string, MomentSums>();

  /**
   * @param subject The network, the layers that will be asked for and the images.
   * @param options Sampling and memory.
   */
  constructor(subject: CalibrationSubject, options: CalibrationOptions) {
    this.#subject = subject;
    this.#options = options;
    const { memoryBudget, scratch } = options;
    const { kernels: { memory }, batches } = subject;
    this.#waiting = new WaitingBatches({ memory, memoryBudget, batches, scratch });
    this.#sampler = new LayerSampler(subject, options);
  }

  /**
   * Statistics of a layer, X from the network as repaired so far. Layers are asked for in graph order.
   *
   * @param key The layer.
   * @returns Moments of X (inputs of the flattened kernel) and Y (its outputs before bias and activation, corrected at
   * the end of a residual branch).
   */
  async collect(key: string): Promise<MomentParts> {
    const layer = this.#layer(key);
    if (this.#repairedPlan === undefined && this.#areLarge()) await this.#sampleAllTargets(layer);
    const accumulator = this.#accumulatorOf(layer);
    try {
      for (let index = 0; index < this.#subject.batches; index++) {
        const batch = await this.#openBatch(index, layer);
        this.#repaired.advance(batch.activations, this.#repaired.stepOf(key));
        this.#accumulate(accumulator, layer, batch);
        this.#waiting.put(index, batch, this.#repaired);
        this.#options.onBatch?.();
      }
      if (this.#waiting.hasAll) this.#closeOriginal();
      return requireFiniteParts(accumulator.read(), key);
    } finally {
      accumulator.dispose();
    }
  }

  /**
   * Gathers statistics of all layers with X and Y both from the original network, in one pass. They stay on the
   * backend's heap, as half matrices, until they are taken.
   */
  async gatherOriginal(): Promise<void> {
    for (const layer of this.#sampler.layers) {
      this.#sums.set(layer.node.key, this.#accumulatorOf(layer));
    }
    for (let index = 0; index < this.#subject.batches; index++) {
      const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
      const activations = this.#original.start(inputs);
      for (const layer of this.#sampler.layers) {
        this.#original.advance(activations, this.#original.stepOf(layer.node.key));
        const share = firstHalf / indices.length;
        for (const call of layer.calls) {
          tf.tidy(() => {
            const x = this.#sampler.inputsOf(call, activations.tensors, indices);
            const y = outputsOf(x, call);
            this.#sums.get(layer.node.key)!.accumulate(x, y, share);
            const { kept } = this.#subject;
            kept?.put(
              call.node.key,
              indices,
              this.#sampler.targetOf(call, activations.tensors, indices, y),
            );
          });
        }
      }
      tf.dispose([...activations.tensors.values()]);
      this.#options.onBatch?.();
    }
  }

  /**
   * Hands out what {@link gatherOriginal} has gathered for a layer, and forgets it.
   *
   * @param key The layer.
   * @returns Its moments.
   */
  takeOriginal(key: string): MomentParts {
    const sums = this.#sums.get(key)!;
    const parts = sums.read();
    sums.dispose();
    this.#sums.delete(key);
    return requireFiniteParts(parts, key);
  }

  /**
   * Puts repaired weights into the network that later layers get their inputs from.
   *
   * @param key The layer.
   * @param weights Its weights by role.
   */
  setWeights(key: string, weights: Map<string, Weight>): void {
    this.#repaired.setWeights(key, weights);
  }

  /** Frees everything that waits. */
  dispose(): void {
    this.#waiting.dispose();
    for (const sums of this.#sums.values()) sums.dispose();
    this.#sums.clear();
    this.#closeOriginal();
    this.#repairedPlan?.dispose();
  }

  get #original(): ForwardPlan {
    const { graph, model } = this.#subject.original;
    return this.#originalPlan ??= new ForwardPlan(graph, model, { releasesModel: true });
  }

  /** Frees the original, which may never have run where all it gives is kept. */
  #closeOriginal(): void {
    this.#originalPlan?.dispose();
    this.#originalPlan = undefined;
    releaseUnusedWeights(this.#subject.original);
  }

  get #repaired(): ForwardPlan {
    const { graph, model } = this.#subject.repaired;
    return this.#repairedPlan ??= new ForwardPlan(graph, model, { releasesModel: true });
  }

  #layer(key: string): SampledLayer {
    return this.#sampler.layers.find(({ node }) => node.key === key)!;
  }

  /** Every thread keeps its share of the samples. */
  #accumulatorOf({ node, calls }: SampledLayer): MomentSums {
    const size = kernelSize(node);
    const { kernels, shares: [first, second] = [1, 1] } = this.#subject;
    const positions = calls.reduce(
      (sum, { outputSize: [height, width], points }) => sum + Math.min(points, height * width),
      0,
    );
    const kept = keptSamples(size, this.#options.images * positions);
    if (kept === undefined) return new HalvedSums(kernels, size);
    return new SampleSums(size, [Math.ceil(kept * first / 2), Math.ceil(kept * second / 2)]);
  }

  #accumulate(accumulator: MomentSums, layer: SampledLayer, batch: LiveBatch): void {
    const { activations, indices, firstHalf } = batch;
    for (const call of layer.calls) {
      const target = this.#waiting.takeTarget(batch, call.node.key);
      tf.tidy(() => {
        const x = this.#sampler.inputsOf(call, activations.tensors, indices);
        const shortcuts = this.#sampler.shortcutsOf(call, activations.tensors, indices);
        const y = shortcuts ? target.sub<tf.Tensor2D>(shortcuts) : target;
        accumulator.accumulate(x, y, firstHalf / indices.length);
      });
      target.dispose();
    }
  }

  /** A batch ready to be moved to a layer, with what of it has waited. */
  async #openBatch(index: number, layer: SampledLayer): Promise<LiveBatch> {
    const waiting = this.#waiting.take(index, (step) => this.#neededFor(layer, step));
    if (waiting?.activations) return waiting as LiveBatch;
    const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
    const targets = waiting?.targets ?? this.#sampleTargets(inputs, indices, layer);
    return { indices, firstHalf, targets, activations: this.#repaired.start(inputs) };
  }

  /** Names of what moving a batch from a step to a layer reads, and sampling it there. */
  #neededFor(layer: SampledLayer, step: number): string[] {
    const until = this.#repaired.stepOf(layer.node.key);
    return [...this.#repaired.readBetween(step, until), ...this.#sampler.tensorsOf(layer)];
  }

  /** Whether both networks take more than what waits may. */
  #areLarge(): boolean {
    const layers = this.#subject.original.graph.nodes.filter(isFirstCall);
    const weights = layers.flatMap((node) => [...node.weights.values()]);
    const bytes = weights.reduce((sum, { values }) => sum + values.byteLength, 0);
    return 2 * bytes > this.#options.memoryBudget;
  }

  /** Runs the original network over all batches, so that it is not there beside the repaired one, where targets may wait. */
  async #sampleAllTargets(layer: SampledLayer): Promise<void> {
    const { kept } = this.#subject;
    if (!this.#waiting.hasFile || kept?.isEmpty === false) return;
    for (let index = 0; index < this.#subject.batches; index++) {
      const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
      const targets = this.#sampleTargets(inputs, indices, layer);
      tf.dispose([...inputs]);
      this.#waiting.putTargets(index, { indices, firstHalf, targets });
    }
    this.#closeOriginal();
  }

  /**
   * Runs the original network over a batch, to the last layer where its targets may wait, else to this one; what is kept of an
   * earlier pass is not run again. As many images go through it at a time as in {@link gatherOriginal}, for a convolution may
   * take another method for another number of images, which rounds otherwise.
   */
  #sampleTargets(
    inputs: readonly tf.Tensor[],
    indices: ArrayLike<number>,
    layer: SampledLayer,
  ): CalibratedBatch["targets"] {
    const rest = this.#sampler.layers.slice(this.#sampler.layers.indexOf(layer));
    const targets: CalibratedBatch["targets"] = new Map();
    const { kept } = this.#subject;
    for (const { node: { key } } of rest.flatMap(({ calls }) => calls)) {
      if (kept?.has(key, indices)) targets.set(key, () => kept.read(key, indices));
    }
    const missing = rest.filter(({ calls }) => !calls.every(({ node }) => targets.has(node.key)));
    const wanted = this.#waiting.hasRoomForTargets() ? missing : missing.slice(0, 1);
    if (wanted.length === 0) return targets;
    const parts = [...chunk(Array.from(indices), IMAGES_TOGETHER)].map((images, part) => {
      const place = part * IMAGES_TOGETHER;
      const own = inputs.map((input) => sliceImages(input, place, images.length));
      return this.#sampleOriginal(own, images, wanted);
    });
    for (const key of parts[0].keys()) {
      targets.set(key, joinRows(parts.map((part) => part.get(key)!)));
    }
    return targets;
  }

  /** What layers give in the original network; the images are disposed. */
  #sampleOriginal(
    inputs: readonly tf.Tensor[],
    indices: ArrayLike<number>,
    layers: readonly SampledLayer[],
  ): Map<string, tf.Tensor2D> {
    const activations = this.#original.start(inputs);
    const targets = new Map<string, tf.Tensor2D>();
    for (const { node: { key }, calls } of layers) {
      this.#original.advance(activations, this.#original.stepOf(key));
      for (const call of calls) {
        const target = tf.tidy(() => {
          const x = this.#sampler.inputsOf(call, activations.tensors, indices);
          const outputs = outputsOf(x, call);
          return this.#sampler.targetOf(call, activations.tensors, indices, outputs);
        });
        targets.set(call.node.key, target);
      }
    }
    tf.dispose([...activations.tensors.values()]);
    return targets;
  }
}

/** Some images of an input's batch, as a tensor of their own. */
function sliceImages(input: tf.Tensor, from: number, count: number): tf.Tensor {
  return count === input.shape[0] ? input.clone() : input.slice([from], [count]);
}

/** Matrices one below the other; they are disposed. */
function joinRows(parts: readonly tf.Tensor2D[]): tf.Tensor2D {
  if (parts.length === 1) return parts[0];
  const joined = tf.concat2d([...parts], 0);
  tf.dispose([...parts]);
  return joined;
}

/** Nothing can be fitted to sums that are NaN or infinite; every sample takes part in Σx² and Σy². */
function requireFiniteParts(parts: MomentParts, key: string): MomentParts {
  if ([parts.first, parts.second].every((part) => part === undefined || hasFiniteSums(part))) {
    return parts;
  }
  throw new InputError(
    `gathering statistics of layer "${key}": found inputs or outputs that are no finite numbers, ` +
      "wanted finite ones; check the preprocessing of the network's inputs, and whether its weights " +
      "have grown too large",
  );
}

function hasFiniteSums(moments: PackedMoments): boolean {
  const sums = [...inputSquares(moments), ...moments.sumYY];
  return Number.isFinite(sums.reduce((sum, each) => sum + each, 0)) &&
    moments.cross.every(Number.isFinite);
}
