import type { SharedMode } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type { DataOptions } from "../session/mod.ts";
import type { EpochReport, TuningOptions } from "../tuning/mod.ts";
import type { SelectionMethod } from "./selection/mod.ts";
import type { RatioPolicy } from "./types.ts";

/**
 * How much is done for a smaller network: its layers are repaired within a budget (`quick`), the whole network is repaired
 * too (`standard`), or channel counts are searched and it is tuned where there are labels (`thorough`).
 */
export type Effort = "quick" | "standard" | "thorough";

/** How far a smaller network is repaired: layer by layer, or as a whole after that too. */
export type RepairExtent = "layers" | "network";

/** How a smaller network is repaired as a whole. */
export interface NetworkRepairOptions {
  /** Steps. Default: as many as about three minutes on two cores and twenty passes over the images allow. */
  readonly steps?: number;
  /** Images of a step. Default 128. */
  readonly batchSize?: number;
  /** Adam's largest learning rate. Default 1e-3. */
  readonly learningRate?: number;
  /** By which the scores of both networks are divided. Default 4. */
  readonly temperature?: number;
  /**
   * Whether images are shifted at random by up to a sixteenth of their side, and mirrored left to right. Default true;
   * false is for networks that read text, or tell left from right.
   */
  readonly augments?: boolean;
}

/** Tuning between groups of convolutions, while the network is pruned. */
export interface GroupTuning {
  /** Number of convolutions in a group. */
  readonly size: number;
  /** Share of the tuning's epochs that is spent on every group, with Adam. */
  readonly epochShare: number;
  /** Adam's learning rate. */
  readonly learningRate: number;
  /** Whether every group is tuned like the whole network at the end, instead. */
  readonly retrain: boolean;
}

/** How a network is tuned as part of its pruning; the seed is the run's. */
export interface PruneTuning extends Partial<Omit<TuningOptions, "seed">> {
  /** The network that is imitated (distillation): `original` is the unpruned one. Default: none. */
  readonly teacher?: "original" | string | ModelFile;
  /** Tuning after every group of convolutions but the last, after which the whole network is tuned. Default: none. */
  readonly groups?: GroupTuning;
  /** Called after every epoch. */
  readonly onEpoch?: (epoch: EpochReport) => void;
}

/** Options of `prune` that do not need a queue. */
export interface PruneNetworkOptions extends DataOptions {
  /**
   * How much is done, where the other options do not say it. Default: `standard` under a budget and where no policy is
   * given; with the policies of PocketFlow (`uniform`, `list`, `auto`) none, which is their method with a repair of the
   * layers.
   */
  readonly effort?: Effort;
  /** How many channels each layer keeps. Default: what the effort chooses, with half of the multiply–accumulates. */
  readonly policy?: RatioPolicy;
  /** How channels are chosen. Default `obs`. */
  readonly select?: SelectionMethod;
  /** What happens to channels that several layers read. Default: `couple` for `auto` and `budget`, otherwise `select`. */
  readonly shared?: SharedMode;
  /** Every layer keeps a multiple of this many channels. Default 1. */
  readonly channelMultiple?: number;
  /**
   * Whether convolutions are cut also where a selector in front of them takes more time than it saves, by recorded times of
   * stock tfjs-wasm. Default: only where parameters are budgeted, or latency, which counts selectors as measured.
   */
  readonly slowSelectors?: boolean;
  /**
   * Whether every residual block stays. Default: one leaves the network where that is the better way to save, if all its
   * channels are those of its last convolution.
   */
  readonly keepBlocks?: boolean;
  /** Names of convolutions and Dense layers that stay whole. Default: none. */
  readonly skip?: readonly string[];
  /**
   * Batches of training images for the statistics. Default: 7,680 images, fewer where a pass over them takes more than
   * 1.5 · 10¹² multiply-accumulates, 256 at least.
   */
  readonly batches?: number;
  /** Images in every such batch; only the number of images, `batches` × `batchSize`, matters. Default 128. */
  readonly batchSize?: number;
  /** Sampled positions per image and layer. Default: thirty samples for each input of the layer, ten positions at least. */
  readonly pointsPerImage?: number;
  /**
   * Ridge: pull of repaired weights towards the old ones, relative to the mean diagonal of G = XᵀX of inputs of unit
   * spread. Default: chosen for every layer, by fitting either half of the images and looking at the other.
   */
  readonly ridge?: number;
  /** Seed of the choice of images and positions. Default 0. */
  readonly seed?: number;
  /**
   * The most bytes of activations that wait between layers, and of sums of the original's layers that are gathered in
   * one pass, over all threads. Default 600 MiB.
   */
  readonly memoryBudget?: number;
  /**
   * File with the original network's statistics: it is read if it is there, otherwise they are gathered and it is
   * written. Default: what the run needs is gathered and kept meanwhile: up to 64 MiB in memory, the rest in a file without
   * a name, in the checkpoint's folder or that for temporary files.
   */
  readonly statistics?: string;
  /** Whether the outputs of the masked and of the shrunk model are compared. Default true. */
  readonly verify?: boolean;
  /** How far the smaller network is repaired. Default: what the effort chooses. */
  readonly repair?: RepairExtent;
  /** How it is repaired as a whole, where it is. */
  readonly networkRepair?: NetworkRepairOptions;
  /** How the pruned network is tuned. Default: it is not, but with the effort `thorough` where images have labels. */
  readonly tuning?: PruneTuning;
  /** Folder in which the state of a run with a search or tuning is kept. */
  readonly checkpoint?: string;
  /** Whether the run continues from the checkpoint. Default false. */
  readonly resume?: boolean;
  /** Ends the run at the next roll-out, layer or training step when it is aborted. */
  readonly signal?: AbortSignal;
  /** Called before the work begins with what will be done and about how long that takes, for which some images are timed. */
  readonly onForecast?: (forecast: Forecast) => void;
}

/** What a run is going to do. */
export interface Forecast {
  /** How much is done, where the policy is not PocketFlow's. */
  readonly effort?: Effort;
  /** How channel counts are chosen. */
  readonly policy: RatioPolicy;
  /** Steps of the repair of the whole network; 0: the layers alone are repaired. */
  readonly repairSteps: number;
  /** Passes over the training images to tune the network; 0: it is not tuned. */
  readonly epochs: number;
  /** About how long that takes, in seconds, by the time that some images took. */
  readonly seconds: number;
}
