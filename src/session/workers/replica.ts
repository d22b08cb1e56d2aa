import type * as tf from "@tensorflow/tfjs";
import { InputError, letOthersRun } from "../../base/mod.ts";
import {
  addStepSums,
  Calibrator,
  type ChangeRequest,
  ChangeWeigher,
  type ChannelMoments,
  type EvaluationSums,
  ForwardPlan,
  type ImageBatch,
  KeptTargets,
  measureBatchNorm,
  measureVariants,
  type Objective,
  type ObjectiveSpec,
  openObjective,
  type StepSums,
} from "../../execution/mod.ts";
import {
  type Batch,
  checkClasses,
  chunk,
  type Dataset,
  type DatasetSource,
  ImageFaults,
  type ImageSet,
  openDataset,
  readBatch,
} from "../../data/mod.ts";
import {
  ACTIVATION_BUDGET,
  type ActivationBytes,
  fitBatch,
  type LayerGraph,
  openNetwork,
} from "../../graph/mod.ts";
import {
  giveBack,
  loadKernels,
  type MomentParts,
  registerKernels,
  startBackend,
} from "../../kernels/mod.ts";
import { disposeModel, type ModelFile, type Preprocessing, type Weight } from "../../model/mod.ts";
import { toTensors } from "./to_tensors.ts";
import { TrainingReplica, type TrainingRequest } from "./training_replica.ts";

/** What every replica of a pool works on. */
export interface ReplicaSpec {
  /** Folder or file of the data set, or its images. */
  readonly data: DatasetSource;
  /** How images become the network's input. */
  readonly preprocessing: Preprocessing;
  /** Width of the network's output, when it must fit the classes of the data, if that has any. */
  readonly outputs?: number;
  /** Largest share of images that may be undecodable. */
  readonly badImageShare: number;
  /** What the largest of the networks takes for an image; batches follow it. Default: batches are as large as asked for. */
  readonly imageBytes?: ActivationBytes;
}

/** A split of the data set. */
export type SplitName = "train" | "test";

/** Some images of a split. */
export interface ImageSelection {
  /** The split. */
  readonly split: SplitName;
  /** Indices into it. */
  readonly indices: Int32Array;
  /** Images of every batch. */
  readonly batchSize: number;
}

/** What a calibration needs to know beside the replica's own specification. */
export interface CalibrationRequest {
  /** The network to prune. */
  readonly file: ModelFile;
  /** The same with the weights that it has by now, where they are others. */
  readonly repaired?: ModelFile;
  /** Training images. */
  readonly indices: Int32Array;
  /** How many of them, the first ones, belong to the first half of all images. */
  readonly firstHalf: number;
  /** Images of every batch. */
  readonly batchSize: number;
  /** Keys of the layers that will be asked for, in graph order. */
  readonly layers: readonly string[];
  /** Seed of the sampling. */
  readonly seed: number;
  /** Images that statistics are gathered from, here and elsewhere. */
  readonly images: number;
  /** Sampled positions per image and layer. Default: as many as each layer wants. */
  readonly pointsPerImage?: number;
  /** Bytes of activations that this replica may keep waiting on its heap. */
  readonly memoryBudget: number;
  /** Folder in which what has no room there is kept meanwhile. Default: the system's for temporary files. */
  readonly scratch?: string;
  /** Whether what the original gives is kept from one calibration to the next; all of them are of one sampling. */
  readonly keepsTargets?: boolean;
}

/** Images that could not be read, as a replica met them. */
export interface FaultReport {
  /** How many. */
  readonly count: number;
  /** Where they come from. */
  readonly names: readonly string[];
  /** What is wrong with each, as a message. */
  readonly reasons: readonly string[];
}

/**
 * One core's share of the work: a backend, the kernels and the data set. Everything it is asked and answers can be
 * cloned between threads.
 */
export class Replica {
  /** Called after every batch of images. */
  onBatch: () => void = () => {};
  readonly #spec: ReplicaSpec;
  readonly #dataset: Dataset;
  readonly #faults: ImageFaults;
  #objective: Objective<EvaluationSums> | undefined;
  #training: TrainingReplica | undefined;
  #isStopped = false;
  #calibration: { calibrator: Calibrator; models: tf.LayersModel[] } | undefined;
  #keptTargets: KeptTargets | undefined;

  private constructor(spec: ReplicaSpec, dataset: Dataset) {
    this.#spec = spec;
    this.#dataset = dataset;
    this.#faults = new ImageFaults({
      share: spec.badImageShare,
      planned: dataset.test.length,
    });
  }

  /**
   * Starts the backend and opens the data set.
   *
   * @param spec What to work on.
   * @returns The replica.
   * @throws {InputError} When the data set cannot be opened or does not fit the network.
   */
  static async open(spec: ReplicaSpec): Promise<Replica> {
    await startBackend();
    registerKernels(await loadKernels());
    const { data, outputs, preprocessing: { inputs, classes } } = spec;
    const dataset = await openDataset(data, { inputs, classes, outputs });
    const { format, classes: names } = dataset;
    if (outputs !== undefined && names) checkClasses({ format, classes: names }, outputs);
    return new Replica(spec, dataset);
  }

  /** The data set. */
  get dataset(): Dataset {
    return this.#dataset;
  }

  /** What networks are measured by. */
  get objective(): Objective<EvaluationSums> {
    if (this.#objective === undefined) throw new Error("measuring: no objective has been set");
    return this.#objective;
  }

  /** Says what networks are measured by from now on. */
  async setObjective(spec: ObjectiveSpec): Promise<void> {
    this.#objective?.dispose();
    this.#objective = undefined;
    this.#objective = await openObjective(spec);
  }

  /** Reads training images as what the network's inputs read; the caller disposes the tensors. */
  async readInputs(indices: Int32Array): Promise<tf.Tensor[]> {
    return (await this.#read(this.#dataset.train, indices)).inputs;
  }

  /** Measures a network on some images: sums of every batch. */
  async evaluate(file: ModelFile, images: ImageSelection): Promise<EvaluationSums[]> {
    const { graph, model } = await openNetwork(file);
    const plan = new ForwardPlan(graph, model, { releasesModel: true });
    try {
      return await this.objective.measure({ graph, plan }, this.#batches(images));
    } finally {
      plan.dispose();
      disposeModel(model);
    }
  }

  /** Measures networks of which the others are variants of the first: by network, sums of every batch. */
  async evaluateVariants(
    files: readonly ModelFile[],
    images: ImageSelection,
  ): Promise<EvaluationSums[][]> {
    const networks: { graph: LayerGraph; plan: ForwardPlan; model: tf.LayersModel }[] = [];
    try {
      for (const file of files) {
        const { graph, model } = await openNetwork(file);
        networks.push({
          graph,
          plan: new ForwardPlan(graph, model, { releasesModel: true }),
          model,
        });
      }
      return await measureVariants(networks, this.objective, this.#batches(images));
    } finally {
      for (const { plan, model } of networks) {
        plan.dispose();
        disposeModel(model);
      }
    }
  }

  /** Moments at every BatchNormalization of a network on some images, of every batch. */
  async measureBatchNorm(
    file: ModelFile,
    images: ImageSelection,
  ): Promise<Map<string, ChannelMoments>[]> {
    const { model, graph } = await openNetwork(file);
    try {
      return await measureBatchNorm(graph, model, this.#batches(images));
    } finally {
      disposeModel(model);
    }
  }

  /**
   * Weighs changes of a network's weights on some images: {@link ChangeWeigher}.
   *
   * @returns By batch, and there by change, the rise of the loss of every image, where it is known.
   */
  async weighChanges(
    file: ModelFile,
    request: ChangeRequest,
    images: ImageSelection,
  ): Promise<(Float64Array | undefined)[][]> {
    this.#objective?.rest();
    const network = await openNetwork(file);
    const weigher = new ChangeWeigher(network, request, ACTIVATION_BUDGET);
    try {
      const rises: (Float64Array | undefined)[][] = [];
      for await (const { inputs, indices } of this.#batches(images)) {
        rises.push(weigher.weigh(inputs, indices));
      }
      return rises;
    } finally {
      weigher.dispose();
      disposeModel(network.model);
    }
  }

  /** Prepares the gathering of statistics; a replica holds one calibration at a time. */
  async startCalibration(request: CalibrationRequest): Promise<void> {
    this.endCalibration();
    this.#objective?.rest();
    const original = await openNetwork(request.file);
    const repaired = request.repaired ? await openNetwork(request.repaired) : original;
    const { indices, firstHalf, batchSize } = request;
    const halves = [indices.subarray(0, firstHalf), indices.subarray(firstHalf)];
    const batches = halves.flatMap((half, at) =>
      [...chunk(half, batchSize)].map((images) => ({ images, isFirst: at === 0 }))
    );
    const kernels = await loadKernels();
    const { keepsTargets, scratch } = request;
    if (keepsTargets) this.#keptTargets ??= new KeptTargets(kernels.memory, scratch);
    const subject = {
      kernels,
      kept: keepsTargets ? this.#keptTargets : undefined,
      original,
      repaired,
      layers: request.layers,
      batches: batches.length,
      shares: halves.map(({ length }) => length / (request.images / 2)) as [number, number],
      readBatch: async (batch: number) => {
        const { images, isFirst } = batches[batch];
        const read = await this.#read(this.#dataset.train, images);
        return { ...read, firstHalf: isFirst ? read.indices.length : 0 };
      },
    };
    const { seed, images, pointsPerImage, memoryBudget } = request;
    const options = {
      seed,
      images,
      pointsPerImage,
      memoryBudget,
      scratch,
      onBatch: () => this.onBatch(),
    };
    const models = [...new Set([original.model, repaired.model])];
    this.#calibration = { calibrator: new Calibrator(subject, options), models };
  }

  /** Statistics of one layer: {@link Calibrator.collect}. */
  collect(layer: string): Promise<MomentParts> {
    return this.#calibration!.calibrator.collect(layer);
  }

  /** Statistics of all layers of the original network: {@link Calibrator.gatherOriginal}. */
  gatherOriginal(): Promise<void> {
    return this.#calibration!.calibrator.gatherOriginal();
  }

  /** Hands out those of one layer: {@link Calibrator.takeOriginal}. */
  takeOriginal(layer: string): Promise<MomentParts> {
    return Promise.resolve(this.#calibration!.calibrator.takeOriginal(layer));
  }

  /** Puts repaired weights into the network under calibration. */
  setWeights(layer: string, weights: Map<string, Weight>): Promise<void> {
    this.#calibration!.calibrator.setWeights(layer, weights);
    return Promise.resolve();
  }

  /** Prepares a training; a replica holds one at a time. */
  async startTraining(request: TrainingRequest): Promise<void> {
    await this.endTraining();
    this.#objective?.rest();
    this.#training = await TrainingReplica.open(request, this.#spec.preprocessing.inputs);
  }

  /**
   * Runs some training images forward and backward: {@link TrainingReplica.step}. Where they have no room together, they
   * do so in parts, whose gradients are averaged.
   */
  async trainStep(indices: Int32Array, epoch: number): Promise<StepSums> {
    const { imageBytes } = this.#spec;
    const training = this.#training!;
    const size = fitBatch(
      indices.length,
      imageBytes ? imageBytes.training + training.teacherBytes : 0,
    );
    if (size >= indices.length) return training.step(await this.#readTraining(indices), epoch);
    const mean = new Float32Array(training.gradients.length);
    let sums: StepSums | undefined;
    for (const part of chunk(indices, size)) {
      const own = training.step(await this.#readTraining(part), epoch);
      sums = sums ? addStepSums(sums, own) : own;
      const share = own.images / indices.length;
      for (let i = 0; i < mean.length; i++) mean[i] += training.gradients[i] * share;
    }
    training.gradients.set(mean);
    return sums!;
  }

  async #readTraining(indices: Int32Array): Promise<Batch> {
    return await this.#readImages(this.#dataset.train, indices);
  }

  /** Frees what a training holds. */
  endTraining(): Promise<void> {
    this.#training?.dispose();
    this.#training = undefined;
    return Promise.resolve();
  }

  /** Frees what a calibration holds. */
  endCalibration(): Promise<void> {
    this.#calibration?.calibrator.dispose();
    this.#calibration?.models.forEach(disposeModel);
    this.#calibration = undefined;
    return Promise.resolve();
  }

  /** Forgets what calibrations have kept. */
  forgetTargets(): Promise<void> {
    this.#keptTargets?.close();
    this.#keptTargets = undefined;
    return Promise.resolve();
  }

  /** Ends what it is at, at the next batch of images, until {@link resume} is called. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }

  /** Is ready for work again. */
  resume(): void {
    this.#isStopped = false;
  }

  /** Images that could not be read so far. */
  faults(): Promise<FaultReport> {
    const { count, names, reasons } = this.#faults;
    return Promise.resolve({ count, names, reasons });
  }

  /** Frees everything and closes the data set. */
  async close(): Promise<void> {
    await this.endCalibration();
    await this.forgetTargets();
    await this.endTraining();
    this.#objective?.dispose();
    this.#dataset.close();
  }

  async *#batches({ split, indices, batchSize }: ImageSelection): AsyncGenerator<ImageBatch> {
    for (const part of chunk(indices, batchSize)) {
      yield await this.#read(this.#dataset[split], part);
      this.onBatch();
    }
  }

  async #read(set: ImageSet, indices: Int32Array) {
    const batch = await this.#readImages(set, indices);
    const inputs = toTensors(batch, this.#spec.preprocessing.inputs);
    // The backend has copies; the collector would let several batches pile up.
    giveBack(batch.inputs);
    return { ...batch, inputs };
  }

  async #readImages(set: ImageSet, indices: Int32Array): Promise<Batch> {
    await letOthersRun();
    if (this.#isStopped) throw new Error("reading images: another thread has ended the work");
    const batch = await readBatch(set, indices, this.#spec.preprocessing.inputs, this.#faults);
    if (batch.size === 0) {
      throw new InputError(
        `reading images: found none of ${indices.length} that can be read, wanted at least one; ` +
          `mend them as said here: ${this.#faults.reasons.at(-1)}`,
      );
    }
    return batch;
  }
}
