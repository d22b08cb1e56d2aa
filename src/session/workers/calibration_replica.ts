import type * as tf from "@tensorflow/tfjs";
import { chunk } from "../../data/mod.ts";
import { Calibrator, type KeptTargets } from "../../execution/mod.ts";
import { openNetwork } from "../../graph/mod.ts";
import { loadKernels } from "../../kernels/mod.ts";
import { disposeModel, type ModelFile } from "../../model/mod.ts";
import type { ReplicaImages } from "./replica_images.ts";

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

/** What a calibration has of its replica. */
export interface CalibrationSurroundings {
  /** The replica's images. */
  readonly source: ReplicaImages;
  /** What earlier calibrations have kept. Default: nothing is kept. */
  readonly kept?: KeptTargets;
  /** Called after every batch of images. */
  readonly onBatch: () => void;
}

/** A calibration under way on one replica. */
export class CalibrationReplica {
  /** What gathers the statistics. */
  readonly calibrator: Calibrator;
  readonly #models: readonly tf.LayersModel[];

  private constructor(calibrator: Calibrator, models: readonly tf.LayersModel[]) {
    this.calibrator = calibrator;
    this.#models = models;
  }

  /**
   * Prepares a calibration.
   *
   * @param request What is gathered, and from what.
   * @param surroundings What it has of the replica.
   * @returns The calibration.
   */
  static async open(
    request: CalibrationRequest,
    { source, kept, onBatch }: CalibrationSurroundings,
  ): Promise<CalibrationReplica> {
    const original = await openNetwork(request.file);
    const repaired = request.repaired ? await openNetwork(request.repaired) : original;
    const { indices, firstHalf, batchSize, layers } = request;
    const halves = [indices.subarray(0, firstHalf), indices.subarray(firstHalf)];
    const batches = halves.flatMap((half, at) =>
      [...chunk(half, batchSize)].map((images) => ({ images, isFirst: at === 0 }))
    );
    const subject = {
      kernels: await loadKernels(),
      kept,
      original,
      repaired,
      layers,
      batches: batches.length,
      shares: halves.map(({ length }) => length / (request.images / 2)) as [number, number],
      readBatch: async (batch: number) => {
        const { images, isFirst } = batches[batch];
        const read = await source.readTensors(source.dataset.train, images);
        return { ...read, firstHalf: isFirst ? read.indices.length : 0 };
      },
    };
    const { seed, images, pointsPerImage, memoryBudget, scratch } = request;
    const options = { seed, images, pointsPerImage, memoryBudget, scratch, onBatch };
    const models = [...new Set([original.model, repaired.model])];
    return new CalibrationReplica(new Calibrator(subject, options), models);
  }

  /** Frees what it holds. */
  dispose(): void {
    this.calibrator.dispose();
    this.#models.forEach(disposeModel);
  }
}
