import {
  addChannelMoments,
  addStepSums,
  type ChangeRequest,
  type ChannelMoments,
  type Figures,
  IMAGES_TOGETHER,
  type LossMeaning,
  type ObjectiveSpec,
  type StepSums,
} from "../../execution/mod.ts";
import { InputError } from "../../base/mod.ts";
import { chunk, shareDataset, tolerableFaults } from "../../data/mod.ts";
import { type ActivationBytes, fitBatch } from "../../graph/mod.ts";
import { joinParts, type PackedMoments } from "../../kernels/mod.ts";
import { type ModelFile, shareValues, type Weight } from "../../model/mod.ts";
import type { ReplicaAnswer, ReplicaArguments, ReplicaMethod } from "./messages.ts";
import { type PoolThread, ThreadReplica } from "./thread_replica.ts";
import type { TrainingRequest } from "./training_replica.ts";
import type { CalibrationRequest } from "./calibration_replica.ts";
import { Replica, type ReplicaSpec } from "./replica.ts";
import type { FaultReport, ImageSelection } from "./replica_images.ts";

/**
 * Bytes of activations and gradients of a batch while changes are weighed, less than elsewhere: they are of every step, and
 * what an image gives does not depend on those beside it.
 */
const WEIGHING_BUDGET = 160 * 2 ** 20;

/**
 * Cuts indices into equal runs, one a worker.
 *
 * @param indices What to cut.
 * @param shards Number of runs.
 * @param unit Indices that stay together: every run but the last has a multiple of it.
 * @returns The runs in order; some are empty where there are fewer units than runs.
 */
export function shardIndices(indices: Int32Array, shards: number, unit = 1): Int32Array[] {
  const units = Math.ceil(indices.length / unit);
  const bound = (shard: number) => unit * Math.round(units * shard / shards);
  return Array.from(
    { length: shards },
    (_, shard) => indices.subarray(bound(shard), bound(shard + 1)),
  );
}

/** What a pool's calibration needs to know. */
export interface PoolCalibrationRequest extends Omit<CalibrationRequest, "firstHalf"> {
  /** Place of the first image among all that statistics are gathered from; every other place is one half. Default 0. */
  readonly place?: number;
}

/**
 * Replicas that share the images: one on this thread, the others on workers. Batches are shared out whole. Evaluations and
 * moments of BatchNormalization are added up batch by batch in the order of the images, so they do not depend on the
 * number of workers. Statistics and gradients add up replica by replica in a fixed order: they are repeatable for a fixed
 * seed and number of workers.
 */
export class WorkerPool {
  /** The replica on this thread. */
  readonly local: Replica;
  readonly #remotes: readonly ThreadReplica[];
  readonly #badImageShare: number;
  readonly #activations: ActivationBytes | undefined;
  #objective: ObjectiveSpec | undefined;
  #gradients: readonly Float32Array[] = [];
  /** Of which calibrations the replicas keep what the original gives. */
  #keptOf: PoolCalibrationRequest | undefined;

  private constructor(
    local: Replica,
    remotes: readonly ThreadReplica[],
    { badImageShare, imageBytes }: ReplicaSpec,
  ) {
    this.local = local;
    this.#remotes = remotes;
    this.#badImageShare = badImageShare;
    this.#activations = imageBytes;
  }

  /**
   * Opens all replicas.
   *
   * @param spec What they work on.
   * @param workers How many threads, this one included.
   * @returns The pool.
   * @throws {InputError} When the data set cannot be opened or does not fit.
   */
  static async open(spec: ReplicaSpec, workers: number): Promise<WorkerPool> {
    const { data, preprocessing } = spec;
    const shared = workers > 1
      ? { ...spec, data: await shareDataset(data, preprocessing.inputs) }
      : spec;
    const local = await Replica.open(shared);
    const remotes = Array.from(
      { length: workers - 1 },
      (_, index) => new ThreadReplica(`${index + 2} of ${workers}`),
    );
    const pool = new WorkerPool(local, remotes, spec);
    try {
      await Promise.all(remotes.map((remote) => remote.open(shared)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /**
   * Images of a batch: as many as were asked for, if they have room in two networks, for one is often run beside another
   * that it is compared with; where that is larger, in this one and that.
   *
   * @param most As many as were asked for.
   * @returns How many.
   */
  batchSizeFor(most: number): number {
    const own = this.#activations?.forward;
    const beside = this.#objective && this.local.objective.besideBytes;
    return fitBatch(most, own === undefined ? 0 : own + Math.max(own, beside ?? 0));
  }

  /** Images of a batch of a calibration: as many as have room, in parts that go through the original network together. */
  calibrationBatchSizeFor(most: number): number {
    const room = this.batchSizeFor(most);
    return room > IMAGES_TOGETHER ? room - room % IMAGES_TOGETHER : room;
  }

  /** How many replicas there are. */
  get size(): number {
    return 1 + this.#remotes.length;
  }

  /** The threads of the other replicas. */
  get otherThreads(): readonly PoolThread[] {
    return this.#remotes;
  }

  /**
   * Says what networks are measured by from now on.
   *
   * @throws {InputError} When a reference cannot be opened.
   */
  async setObjective(spec: ObjectiveSpec): Promise<void> {
    await this.#callAll("setObjective", () => [spec]);
    this.#objective = spec;
  }

  /**
   * Measures a network on some images.
   *
   * @throws {InputError} When the images do not suffice, or all replicas together met too many that cannot be read.
   */
  async evaluate(file: ModelFile, images: ImageSelection): Promise<Figures> {
    const shards = this.#shardsOf(images);
    const parts = await this.#callAll("evaluate", (replica) => [file, shards[replica]]);
    await this.#checkFaults();
    return this.local.objective.figuresOf(parts.flat());
  }

  /**
   * Measures networks of which the others are variants of the first; what they have in common from the images on is run
   * once.
   *
   * @param files The networks; all are held at once.
   * @param images Some images.
   * @returns Their figures, as of {@link evaluate}.
   * @throws {InputError} As {@link evaluate}.
   */
  async evaluateVariants(
    files: readonly ModelFile[],
    images: ImageSelection,
  ): Promise<Figures[]> {
    const shards = this.#shardsOf(images);
    const parts = await this.#callAll("evaluateVariants", (replica) => [files, shards[replica]]);
    await this.#checkFaults();
    return files.map((_, network) =>
      this.local.objective.figuresOf(parts.flatMap((sums) => sums[network]))
    );
  }

  /**
   * Weighs changes of a network's weights: what each of them, by itself, raises the loss by, to second order
   * ({@link ChangeWeigher}). Labels are not asked for.
   *
   * @param file The network.
   * @param request The changes.
   * @param images Some images.
   * @returns By change, the mean rise; undefined where it cannot be told.
   */
  async weighChanges(
    file: ModelFile,
    request: Omit<ChangeRequest, "loss">,
    images: ImageSelection,
  ): Promise<(number | undefined)[]> {
    const loss = await this.#lossOf(file, images);
    const { backward = 0, gradient = 0 } = this.#activations ?? {};
    const imageBytes = backward + request.probes * gradient;
    const batchSize = fitBatch(images.batchSize, imageBytes, WEIGHING_BUDGET);
    const shards = shardIndices(images.indices, this.size, batchSize);
    const parts = await this.#callAll("weighChanges", (replica) => [
      file,
      { ...request, loss },
      { ...images, batchSize, indices: shards[replica] },
    ]);
    const batches = parts.flat();
    return request.changes.map((_, change) => {
      const rises = batches.map((batch) => batch[change]);
      if (!rises.every((rise) => rise !== undefined)) return undefined;
      const all = rises.flatMap((rise) => [...rise]);
      return all.reduce((sum, rise) => sum + rise, 0) / all.length;
    });
  }

  /** What networks are measured by, as weighing changes needs to know it. */
  async #lossOf(file: ModelFile, images: ImageSelection): Promise<LossMeaning> {
    if (this.#objective?.kind !== "outputError") return { kind: "classes" };
    const { outputs } = await this.evaluate(file, images);
    return { kind: "outputs", variances: outputs!.map(({ variance }) => variance) };
  }

  /** Moments at every BatchNormalization of a network on some images. */
  async measureBatchNorm(
    file: ModelFile,
    images: ImageSelection,
  ): Promise<Map<string, ChannelMoments>> {
    const shards = this.#shardsOf(images);
    const parts = await this.#callAll("measureBatchNorm", (replica) => [file, shards[replica]]);
    return addChannelMoments(parts.flat());
  }

  /**
   * Prepares the gathering of statistics; memory is shared out, and so are whole batches. Products are added up in f32
   * within a batch, so the number of replicas changes the order of additions in f64 alone. The first half of the images
   * comes first, so that most replicas have images of one half, and sums of one, only.
   */
  async startCalibration({ place = 0, ...request }: PoolCalibrationRequest): Promise<void> {
    const isFirst = (_: number, at: number) => (place + at) % 2 === 0;
    const first = request.indices.filter(isFirst);
    const others = request.indices.filter((image, at) => !isFirst(image, at));
    const batchSize = this.calibrationBatchSizeFor(request.batchSize);
    const batches = [...chunk(first, batchSize), ...chunk(others, batchSize)];
    const ofFirst = Math.ceil(first.length / batchSize);
    const shards = shardIndices(Int32Array.from(batches.keys()), this.size);
    const memoryBudget = request.memoryBudget / this.size;
    const keepsTargets = isSameSampling(request, this.#keptOf);
    await this.#callAll("startCalibration", (replica) => {
      const own = [...shards[replica]];
      const indices = Int32Array.from(own.flatMap((batch) => [...batches[batch]]));
      const firstHalf = own.filter((batch) => batch < ofFirst)
        .reduce((images, batch) => images + batches[batch].length, 0);
      return [{ ...request, batchSize, memoryBudget, keepsTargets, indices, firstHalf }];
    });
  }

  /** Statistics of one layer over all images. */
  async collect(layer: string): Promise<PackedMoments> {
    return joinParts(await this.#callAll("collect", () => [layer]));
  }

  /**
   * Statistics of layers of the original network over all images, in one pass.
   *
   * @param request The network, the layers and the images. With `keepsTargets`, calibrations of the same sampling that
   * follow need not run the original again.
   * @param take Is given the moments of one layer after the other.
   */
  async gatherOriginal(
    request: PoolCalibrationRequest,
    take: (layer: string, moments: PackedMoments) => void,
  ): Promise<void> {
    if (request.keepsTargets && !isSameSampling(request, this.#keptOf)) {
      await this.#callAll("forgetTargets", () => []);
      this.#keptOf = request;
    }
    await this.startCalibration(request);
    try {
      await this.#callAll("gatherOriginal", () => []);
      for (const layer of request.layers) {
        take(layer, joinParts(await this.#callAll("takeOriginal", () => [layer])));
      }
    } finally {
      await this.endCalibration();
    }
  }

  /**
   * Puts repaired weights into every replica's network under calibration.
   *
   * @param layer The layer.
   * @param weights Its weights by role.
   * @returns The same weights, in memory that the replicas share.
   */
  async setWeights(layer: string, weights: Map<string, Weight>): Promise<Map<string, Weight>> {
    const shared = this.size === 1 ? weights : shareValues(weights);
    await this.#callAll("setWeights", () => [layer, shared]);
    return shared;
  }

  /** Frees what the calibration holds. */
  async endCalibration(): Promise<void> {
    await this.#callAll("endCalibration", () => []);
  }

  /**
   * Prepares a training. Weights and gradients lie in memory that all replicas share.
   *
   * @param request What is trained, and how.
   * @param length Elements of the flat weights.
   * @returns The flat weights, to be written before the first step and updated between steps.
   */
  async startTraining(
    request: Omit<TrainingRequest, "weights" | "gradients">,
    length: number,
  ): Promise<Float32Array> {
    // Browsers have shared memory on isolated pages alone.
    const Memory = this.size === 1 ? ArrayBuffer : SharedArrayBuffer;
    const allocate = () => new Memory(length * Float32Array.BYTES_PER_ELEMENT);
    const weights = allocate();
    const buffers = Array.from({ length: this.size }, allocate);
    this.#gradients = buffers.map((buffer) => new Float32Array(buffer));
    await this.#callAll("startTraining", (replica) => [
      { ...request, weights, gradients: buffers[replica] },
    ]);
    return new Float32Array(weights);
  }

  /**
   * Runs a batch forward and backward, in equal shares.
   *
   * @param indices Training images, at least one for every replica.
   * @param epoch Number of the epoch.
   * @param out Receives the gradients of the mean loss and, in the places of moving statistics, the batch's mean ones.
   * @returns Sums over the batch.
   */
  async trainStep(indices: Int32Array, epoch: number, out: Float32Array): Promise<StepSums> {
    const shards = shardIndices(indices, this.size);
    const parts = await this.#callAll("trainStep", (replica) => [shards[replica], epoch]);
    const sums = parts.reduce(addStepSums);
    out.fill(0);
    this.#gradients.forEach((gradients, replica) => {
      const share = parts[replica].images / sums.images;
      for (let i = 0; i < out.length; i++) out[i] += gradients[i] * share;
    });
    return sums;
  }

  /** Frees what the training holds. */
  async endTraining(): Promise<void> {
    this.#gradients = [];
    await this.#callAll("endTraining", () => []);
  }

  /** Images that no replica could read. */
  async faults(): Promise<FaultReport> {
    const parts = await this.#callAll("faults", () => []);
    const reasons = new Map(
      parts.flatMap((part) =>
        part.names.map((name, index) => [name, part.reasons[index]] as const)
      ),
    );
    const names = [...reasons.keys()].sort();
    return { count: names.length, names, reasons: names.map((name) => reasons.get(name)!) };
  }

  /** Stops the workers and closes the data set. */
  async close(): Promise<void> {
    for (const remote of this.#remotes) remote.terminate();
    await this.local.close();
  }

  /** Every replica bears as many faults as the whole pool may; together they may not bear more. */
  async #checkFaults(): Promise<void> {
    const { count, reasons } = await this.faults();
    const limit = tolerableFaults(this.#badImageShare, this.local.dataset.test.length);
    if (count <= limit) return;
    throw new InputError(
      `reading images: found ${count} that cannot be read, wanted at most ${limit}; ` +
        `mend them as said here: ${reasons.slice(0, 3).join("; ")}${count > 3 ? "; …" : ""}`,
    );
  }

  #shardsOf(images: ImageSelection): ImageSelection[] {
    const batchSize = this.batchSizeFor(images.batchSize);
    const shards = shardIndices(images.indices, this.size, batchSize);
    return shards.map((indices) => ({ ...images, batchSize, indices }));
  }

  /**
   * Asks the workers first: this thread's own share keeps it busy. Waits for all of them even when one fails, so that
   * none is at work any more on what is freed afterwards; where this thread fails, which is how work is interrupted, they
   * need not do their shares to the end.
   */
  async #callAll<Name extends ReplicaMethod>(
    method: Name,
    argumentsOf: (replica: number) => ReplicaArguments<Name>,
  ): Promise<ReplicaAnswer<Name>[]> {
    const remote = this.#remotes.map((replica, index) =>
      replica.call(method, ...argumentsOf(index + 1))
    );
    const local = this.local[method] as (
      ...args: ReplicaArguments<Name>
    ) => Promise<ReplicaAnswer<Name>>;
    const own = (async () => await local.apply(this.local, argumentsOf(0)))();
    own.catch(() => this.#remotes.forEach((remote) => remote.stop()));
    const parts = await Promise.allSettled([own, ...remote]);
    return parts.map((part) => {
      if (part.status === "rejected") throw part.reason;
      return part.value;
    });
  }
}

/** Whether two calibrations look at the same positions of the same network. */
function isSameSampling(
  one: Omit<PoolCalibrationRequest, "place">,
  other: PoolCalibrationRequest | undefined,
): boolean {
  return one.file === other?.file && one.seed === other.seed && one.images === other.images &&
    one.pointsPerImage === other.pointsPerImage;
}
