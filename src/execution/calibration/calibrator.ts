import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../base/mod.ts";
import { ForwardPlan } from "../forward/forward_plan.ts";
import { KernelMatrix } from "../forward/kernel_matrix.ts";
import {
  isFirstCall,
  kernelMatrix,
  kernelSize,
  type LayerNode,
  type Network,
} from "../../graph/mod.ts";
import {
  type Geometry,
  inputSquares,
  type Kernels,
  type MomentParts,
  type PackedMoments,
  samplePatches,
} from "../../kernels/mod.ts";
import type { Weight } from "../../model/mod.ts";
import { findResidualTargets, type ResidualTarget } from "./residual_target.ts";
import { HalvedSums } from "./halved_sums.ts";
import { keptSamples, SampleSums } from "./sample_sums.ts";
import { asImages, geometryOf, ONE_BY_ONE, outputSizeOf, sampledImages } from "./sampled_images.ts";
import { pointsFor, samplePositions } from "./sampling.ts";
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
  /** Reads a batch; the calibrator owns its images. */
  readonly readBatch: (batch: number) => Promise<CalibrationBatch>;
}

/** A layer that is sampled, at all its calls; they stand together, behind all that any of them reads. */
interface SampledLayer {
  /** Its first call. */
  readonly node: LayerNode;
  readonly calls: readonly SampledCall[];
}

/** A call of a layer that is sampled: where, and what its outputs are compared with. */
interface SampledCall {
  readonly node: LayerNode;
  /** Number of the call, for the sampling. */
  readonly number: number;
  readonly geometry: Geometry;
  readonly outputSize: readonly [number, number];
  /** Positions of an image that are looked at, if it has as many. */
  readonly points: number;
  readonly residual?: ResidualTarget;
}

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
  readonly #layers: SampledLayer[];
  readonly #waiting: WaitingBatches;
  readonly #sums = new Map<string, MomentSums>();

  /**
   * @param subject The network, the layers that will be asked for and the images.
   * @param options Sampling and memory.
   */
  constructor(subject: CalibrationSubject, options: CalibrationOptions) {
    const { original: { graph }, layers } = subject;
    this.#subject = subject;
    this.#options = options;
    const { memoryBudget, scratch } = options;
    const { kernels: { memory }, batches } = subject;
    this.#waiting = new WaitingBatches({ memory, memoryBudget, batches, scratch });
    const residuals = findResidualTargets(graph);
    this.#layers = layers.map((name) => {
      const calls = graph.nodes.flatMap((node, number): SampledCall[] =>
        node.name !== name ? [] : [{
          node,
          number,
          geometry: geometryOf(node),
          outputSize: outputSizeOf(node),
          points: options.pointsPerImage ?? pointsFor(kernelSize(node).inputs, options.images),
          residual: residuals.get(node.key),
        }]
      );
      return { node: calls[0].node, calls };
    });
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
    for (const layer of this.#layers) this.#sums.set(layer.node.key, this.#accumulatorOf(layer));
    for (let index = 0; index < this.#subject.batches; index++) {
      const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
      const activations = this.#original.start(inputs);
      for (const layer of this.#layers) {
        this.#original.advance(activations, this.#original.stepOf(layer.node.key));
        const share = firstHalf / indices.length;
        for (const call of layer.calls) {
          tf.tidy(() => {
            const x = this.#sampleInput(call, activations.tensors, indices);
            const y = multiplyByKernel(x, call);
            this.#sums.get(layer.node.key)!.accumulate(x, y, share);
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

  #closeOriginal(): void {
    this.#originalPlan?.dispose();
    this.#originalPlan = undefined;
  }

  get #repaired(): ForwardPlan {
    const { graph, model } = this.#subject.repaired;
    return this.#repairedPlan ??= new ForwardPlan(graph, model, { releasesModel: true });
  }

  #layer(key: string): SampledLayer {
    return this.#layers.find(({ node }) => node.key === key)!;
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

  #positionsOf(
    { number, outputSize, points }: SampledCall,
    indices: ArrayLike<number>,
  ): Int32Array {
    const { seed } = this.#options;
    return samplePositions(number, indices, outputSize, { seed, pointsPerImage: points });
  }

  /** X of a layer at its sampled positions: P × inputs. */
  #sampleInput(
    call: SampledCall,
    tensors: ReadonlyMap<string, tf.Tensor>,
    indices: ArrayLike<number>,
  ): tf.Tensor2D {
    const { node, geometry } = call;
    const input = sampledImages(tensors.get(node.inputs[0])!, node);
    const positions = this.#positionsOf(call, indices);
    return samplePatches(this.#subject.kernels, input, positions, geometry);
  }

  /**
   * The sum of the shortcuts at a layer's sampled positions, through the inverse of the BatchNormalization that stands
   * between: P × outputs. Undefined where the layer does not end a residual branch.
   */
  #sampleShortcuts(
    call: SampledCall,
    tensors: ReadonlyMap<string, tf.Tensor>,
    indices: ArrayLike<number>,
  ): tf.Tensor2D | undefined {
    const { residual } = call;
    if (residual === undefined) return undefined;
    const { kernels } = this.#subject;
    const positions = this.#positionsOf(call, indices);
    const sampled = residual.shortcuts.map((name) =>
      samplePatches(kernels, asImages(tensors.get(name)!), positions, ONE_BY_ONE)
    );
    const sum = tf.addN(sampled);
    return residual.inverseScale ? sum.mul(tf.tensor1d(residual.inverseScale)) : sum;
  }

  #accumulate(accumulator: MomentSums, layer: SampledLayer, batch: LiveBatch): void {
    const { activations, indices, firstHalf } = batch;
    for (const call of layer.calls) {
      const target = this.#waiting.takeTarget(batch, call.node.key);
      tf.tidy(() => {
        const x = this.#sampleInput(call, activations.tensors, indices);
        const shortcuts = this.#sampleShortcuts(call, activations.tensors, indices);
        const y = shortcuts ? target.sub<tf.Tensor2D>(shortcuts) : target;
        accumulator.accumulate(x, y, firstHalf / indices.length);
      });
      target.dispose();
    }
  }

  /** A batch ready to be moved to a layer, with what of it has waited. */
  async #openBatch(index: number, layer: SampledLayer): Promise<LiveBatch> {
    const waiting = this.#waiting.take(index);
    if (waiting?.activations) return waiting as LiveBatch;
    const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
    const targets = waiting?.targets ?? this.#sampleTargets(inputs, indices, layer);
    return { indices, firstHalf, targets, activations: this.#repaired.start(inputs) };
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
    if (!this.#waiting.hasFile) return;
    for (let index = 0; index < this.#subject.batches; index++) {
      const { inputs, indices, firstHalf } = await this.#subject.readBatch(index);
      const targets = this.#sampleTargets(inputs, indices, layer);
      tf.dispose([...inputs]);
      this.#waiting.putTargets(index, { indices, firstHalf, targets });
    }
    this.#closeOriginal();
  }

  /** Runs the original network over a batch, to the last layer where its targets may wait, else to this one. */
  #sampleTargets(
    inputs: readonly tf.Tensor[],
    indices: ArrayLike<number>,
    layer: SampledLayer,
  ): Map<string, tf.Tensor2D> {
    const rest = this.#layers.slice(this.#layers.indexOf(layer));
    const activations = this.#original.start(inputs.map((input) => input.clone()));
    const targets = new Map<string, tf.Tensor2D>();
    for (const sampled of this.#waiting.hasRoomForTargets() ? rest : [layer]) {
      this.#original.advance(activations, this.#original.stepOf(sampled.node.key));
      for (const call of sampled.calls) {
        const target = tf.tidy(() => {
          const x = this.#sampleInput(call, activations.tensors, indices);
          const outputs = multiplyByKernel(x, call);
          const shortcuts = this.#sampleShortcuts(call, activations.tensors, indices);
          return shortcuts ? outputs.add<tf.Tensor2D>(shortcuts) : outputs;
        });
        targets.set(call.node.key, target);
      }
    }
    tf.dispose([...activations.tensors.values()]);
    return targets;
  }
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

/** Outputs of a layer with its original kernel, of which there is a copy for every batch: all of them are a model's worth. */
function multiplyByKernel(x: tf.Tensor2D, { node }: SampledCall): tf.Tensor2D {
  const { inputs, outputs } = kernelSize(node);
  const kernel = new KernelMatrix(kernelMatrix(node), [inputs, outputs]);
  const y = kernel.multiply(x);
  kernel.dispose();
  return y;
}
