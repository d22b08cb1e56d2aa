import type * as tf from "@tensorflow/tfjs";
import {
  addStepSums,
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
  checkClasses,
  chunk,
  type Dataset,
  type DatasetSource,
  openDataset,
} from "../../data/mod.ts";
import {
  ACTIVATION_BUDGET,
  type ActivationBytes,
  fitBatch,
  type LayerGraph,
  openNetwork,
} from "../../graph/mod.ts";
import { loadKernels, type MomentParts, registerKernels, startBackend } from "../../kernels/mod.ts";
import { disposeModel, type ModelFile, type Preprocessing, type Weight } from "../../model/mod.ts";
import { CalibrationReplica, type CalibrationRequest } from "./calibration_replica.ts";
import { type FaultReport, type ImageSelection, ReplicaImages } from "./replica_images.ts";
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

/**
 * One core's share of the work: a backend, the kernels and the data set. Everything it is asked and answers can be
 * cloned between threads.
 */
export class Replica {
  /** Called after every batch of images. */
  onBatch: () => void = () => {};
  readonly #spec: ReplicaSpec;
  readonly #images: ReplicaImages;
  #objective: Objective<EvaluationSums> | undefined;
  #training: TrainingReplica | undefined;
  #calibration: CalibrationReplica | undefined;
  #keptTargets: KeptTargets | undefined;

  private constructor(spec: ReplicaSpec, dataset: Dataset) {
    this.#spec = spec;
    this.#images = new ReplicaImages(dataset, spec.preprocessing.inputs, spec.badImageShare);
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
    return this.#images.dataset;
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
    return (await this.#images.readTensors(this.dataset.train, indices)).inputs;
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
    const { memory } = await loadKernels();
    const { keepsTargets, scratch } = request;
    if (keepsTargets) this.#keptTargets ??= new KeptTargets(memory, scratch);
    this.#calibration = await CalibrationReplica.open(request, {
      source: this.#images,
      kept: keepsTargets ? this.#keptTargets : undefined,
      onBatch: () => this.onBatch(),
    });
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
    const readTraining = (part: Int32Array) => this.#images.read(this.dataset.train, part);
    const size = fitBatch(
      indices.length,
      imageBytes ? imageBytes.training + training.teacherBytes : 0,
    );
    if (size >= indices.length) return training.step(await readTraining(indices), epoch);
    const mean = new Float32Array(training.gradients.length);
    let sums: StepSums | undefined;
    for (const part of chunk(indices, size)) {
      const own = training.step(await readTraining(part), epoch);
      sums = sums ? addStepSums(sums, own) : own;
      const share = own.images / indices.length;
      for (let i = 0; i < mean.length; i++) mean[i] += training.gradients[i] * share;
    }
    training.gradients.set(mean);
    return sums!;
  }

  /** Frees what a training holds. */
  endTraining(): Promise<void> {
    this.#training?.dispose();
    this.#training = undefined;
    return Promise.resolve();
  }

  /** Frees what a calibration holds. */
  endCalibration(): Promise<void> {
    this.#calibration?.dispose();
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
    this.#images.stop();
    return Promise.resolve();
  }

  /** Is ready for work again. */
  resume(): void {
    this.#images.resume();
  }

  /** Images that could not be read so far. */
  faults(): Promise<FaultReport> {
    return Promise.resolve(this.#images.faults);
  }

  /** Frees everything and closes the data set. */
  async close(): Promise<void> {
    await this.endCalibration();
    await this.forgetTargets();
    await this.endTraining();
    this.#objective?.dispose();
    this.dataset.close();
  }

  #batches(images: ImageSelection): AsyncIterable<ImageBatch> {
    return this.#images.batches(images, () => this.onBatch());
  }
}
