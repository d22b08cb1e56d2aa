import type { CutMode, SharedMode } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type {
  AgentOptions,
  Evaluation,
  FailedRollout,
  Rollout,
  SearchSettings,
} from "./policy/mod.ts";
import type { SelectionMethod } from "./selection/mod.ts";
import type { Change, DataOptions, FigureChanges, TestAnswers } from "../session/mod.ts";
import type { EpochReport, TuningOptions } from "../tuning/mod.ts";

/** Where the ratios come from. */
export type RatioPolicy =
  | { readonly kind: "uniform"; readonly ratio: number }
  | { readonly kind: "list"; readonly text: string; readonly source: string }
  | BudgetPolicy
  | AutoPolicy;

/** What a network may cost. */
export interface BudgetGoal {
  /** Share of the cost that is kept. */
  readonly share: number;
  /** The cost: multiply–accumulates of convolutions, parameters, or measured latency. Default `macs`. */
  readonly target?: BudgetTarget;
  /** File that measured latencies are kept in. Default: they are measured anew. */
  readonly latencyTable?: string;
}

/** The counts that lose least of the layers' outputs within a budget. */
export interface BudgetPolicy extends BudgetGoal {
  /** Discriminates the policies. */
  readonly kind: "budget";
}

/** The counts that an agent finds within a budget, trying networks out. */
export interface AutoPolicy extends BudgetGoal {
  /** Discriminates the policies. */
  readonly kind: "auto";
  /** Roll-outs, rewards and exploration. */
  readonly search?: Partial<SearchSettings>;
  /** The agent. */
  readonly agent?: Partial<AgentOptions>;
  /** Where the search starts: from the counts of the budget policy, or from nothing. Default `budget`. */
  readonly start?: "budget" | "none";
  /** Training images that roll-outs are measured on. Default 2000. */
  readonly images?: number;
  /** Networks that are cut with the sequential repair: the start, the best roll-outs, and others near them. Default 12. */
  readonly finalists?: number;
  /** Told of every roll-out and finalist that could be measured, in order, also of those that a run goes on from. */
  readonly onRollout?: (rollout: Rollout) => void;
}

/** What a budget counts. */
export type BudgetTarget = "macs" | "params" | "latency";

/** What a budget policy decided. */
export interface BudgetReport {
  /** What was counted. */
  readonly target: BudgetTarget;
  /** Share of the cost that was to be kept, and that is kept at most by the counts chosen. */
  readonly share: { readonly wanted: number; readonly found: number };
  /** Σ of what the errors of all layers that read what is cut raise the loss by, each as if the others were whole. */
  readonly error: number;
  /** Whether no choice within the budget has a smaller error. */
  readonly isOptimal: boolean;
}

/** What a search found. */
export interface SearchReport {
  /** What was counted. */
  readonly target: BudgetTarget;
  /** Share of the cost that was to be kept, and that the winner keeps. */
  readonly share: { readonly wanted: number; readonly found: number };
  /** Training images that roll-outs were measured on. */
  readonly images: number;
  /** Roll-outs. */
  readonly rollouts: number;
  /** Networks that were cut with the sequential repair; their numbers follow those of the roll-outs. */
  readonly finalists: readonly Finalist[];
  /** Number of the finalist that won. */
  readonly winner: number;
  /** Networks that could not be measured, where there are any: their numbers, and why. */
  readonly failures?: readonly Pick<FailedRollout, "rollout" | "failure">[];
}

/** Everything that a search tried. */
export interface SearchLog {
  /** Names of the decisions: a convolution, or a space that several layers read. */
  readonly units: readonly string[];
  /** The roll-outs and the finalists, in order; counts and ratios are in the order of `units`. */
  readonly rollouts: readonly LoggedRollout[];
  /** Those that could not be measured. */
  readonly failures: readonly LoggedFailure[];
}

/** A roll-out with what its network costs, whatever the search counted. */
export interface LoggedRollout extends Rollout {
  /** Multiply–accumulates of convolutions for one image, selectors included. */
  readonly convMacs: number;
}

/** A network that could not be measured, with what it costs. */
export interface LoggedFailure extends FailedRollout {
  /** Multiply–accumulates of convolutions for one image, selectors included. */
  readonly convMacs: number;
}

/** A network that was cut with the sequential repair, and measured on training images that no statistics are of. */
export interface Finalist extends Evaluation {
  /** Its number, from 1. */
  readonly rollout: number;
  /** Its reward then. */
  readonly reward: number;
}

/** Tuning between groups of convolutions, while the network is pruned. */
export interface GroupTuning {
  /** Convolutions of a group. */
  readonly size: number;
  /** Share of the tuning's epochs that is spent on every group, with Adam. */
  readonly epochShare: number;
  /** Adam's learning rate. */
  readonly learningRate: number;
  /** Tune every group as the whole network is tuned at the end, instead. */
  readonly retrain: boolean;
}

/** How a network is tuned as part of its pruning; the seed is the run's. */
export interface PruneTuning extends Partial<Omit<TuningOptions, "seed">> {
  /** The network that is imitated (distillation): `original` is the unpruned one. Default: none. */
  readonly teacher?: "original" | string | ModelFile;
  /** Tune after every group but the last, behind which the whole network is tuned. Default: do not. */
  readonly groups?: GroupTuning;
  /** Told of every finished epoch. */
  readonly onEpoch?: (epoch: EpochReport) => void;
}

/** What {@link pruneNetwork} does. */
export interface PruneNetworkOptions extends DataOptions {
  /** How many channels each convolution keeps. */
  readonly policy: RatioPolicy;
  /** How channels are chosen. Default `obs`. */
  readonly select?: SelectionMethod;
  /** What happens to channels that several layers read. Default: `couple` for `auto` and `budget`, otherwise `select`. */
  readonly shared?: SharedMode;
  /** Keep a multiple of this many channels. Default 1. */
  readonly channelMultiple?: number;
  /** Convolutions that stay whole, by name. */
  readonly skip?: readonly string[];
  /** Batches of training images for the statistics. Default 60. */
  readonly batches?: number;
  /** Images of every such batch. Default 128. */
  readonly batchSize?: number;
  /** Sampled positions per image and layer. Default 10. */
  readonly pointsPerImage?: number;
  /** Pull towards the old weights, relative to the mean diagonal of G. Default 1e-4. */
  readonly ridge?: number;
  /** Seed of the choice of images and positions. Default 0. */
  readonly seed?: number;
  /**
   * Bytes of activations that may wait between layers, and of sums of the original's layers in one pass, over all
   * workers. Default 600 MiB.
   */
  readonly memoryBudget?: number;
  /**
   * File of the original network's statistics: read where it is there, else they are gathered and it is written. Default:
   * what the run needs is gathered and kept in memory.
   */
  readonly statistics?: string;
  /** Whether the masked and the shrunk model are compared. Default true. */
  readonly verify?: boolean;
  /** How the pruned network is tuned. Default: it is not. */
  readonly tuning?: PruneTuning;
  /** Folder in which the state of a run with a search or tuning is kept. */
  readonly checkpoint?: string;
  /** Go on from the checkpoint. */
  readonly resume?: boolean;
  /** Raised to end the run: at the next roll-out, layer or training step. */
  readonly signal?: AbortSignal;
}

/** What happened to one layer. */
export interface LayerReport {
  /** Name of the layer. */
  readonly name: string;
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** How its input channels were cut. */
  readonly mode: CutMode;
  /** Input channels kept. */
  readonly kept: number;
  /** Input channels before. */
  readonly of: number;
  /**
   * Σ(Y − Ŷ)² / Σ(Y − mean Y)² over the sampled outputs after reconstruction: the share of the layer's output that is
   * lost. 0 for a layer that was left alone.
   */
  readonly relativeError: number;
  /** Ridge that was used, relative to the mean diagonal of G, when the layer was reconstructed. */
  readonly ridge?: number;
  /** Input channels that were zero in all samples. */
  readonly dead?: number;
  /** Why it stayed whole, or was not reconstructed. */
  readonly reason?: string;
}

/** How a pruned network was tuned. */
export interface PruneTuningReport {
  /** Share of test images classified rightly before the whole network was tuned; absent where outputs are compared. */
  readonly accuracyBefore?: number;
  /** Relative error of the outputs on the test images before the whole network was tuned, where outputs are compared. */
  readonly outputErrorBefore?: number;
  /** Loss on the test images before the whole network was tuned. */
  readonly lossBefore: number;
  /** Share of held-out training images that the written weights classify rightly; absent without any. */
  readonly validationAccuracy?: number;
  /** Relative error of the outputs of the written weights on held-out training images, where outputs are compared. */
  readonly validationOutputError?: number;
  /** Epochs of every group. */
  readonly groups: readonly (readonly EpochReport[])[];
  /** Epochs of the whole network. */
  readonly epochs: readonly EpochReport[];
}

/** What a pruning run found: figures of the original and of what is written, behind all tuning, and more. */
export interface PruneReport extends FigureChanges {
  /** How the network was tuned, when it was. */
  readonly tuning?: PruneTuningReport;
  /** Multiply–accumulates for one image; `conv…` counts all but Dense layers, selectors included. */
  readonly macs: Change & {
    readonly convBefore: number;
    readonly convAfter: number;
    readonly selectors: number;
  };
  /** Weights, moving statistics included. */
  readonly params: Change;
  /** What the budget policy decided, when it did. */
  readonly budget?: BudgetReport;
  /** What the agent found, when it searched. */
  readonly search?: SearchReport;
  /** File of the original network's statistics, and whether the run read or wrote it, when it was given one. */
  readonly statistics?: { readonly file: string; readonly action: "read" | "written" };
  /** Conv2D and Dense layers, in graph order. */
  readonly layers: readonly LayerReport[];
  /** BatchNormalization after the cuts: kept or re-estimated, by the loss on calibration images. */
  readonly batchNorm: {
    readonly reestimated: boolean;
    readonly lossKept?: number;
    readonly lossReestimated?: number;
  };
  /** Largest difference between the outputs of the masked original and of the shrunk model, when they were compared. */
  readonly maskedDifference?: number;
  /** Wall time of the stages. */
  readonly seconds: {
    readonly total: number;
    readonly calibrate: number;
    readonly search: number;
    readonly select: number;
    readonly reconstruct: number;
    readonly batchNorm: number;
    readonly tune: number;
    readonly evaluate: number;
  };
  /** Images: of calibration, of the test split, and those that could not be read. */
  readonly images: {
    readonly calibration: number;
    readonly test: number;
    readonly unreadable: number;
    readonly unreadableNames: readonly string[];
  };
  /** Seed of the run. */
  readonly seed: number;
  /** Threads of the run; with the seed they make it repeatable. */
  readonly workers: number;
  /** What a user should know about the run. */
  readonly notices: readonly string[];
}

/** A pruned model and what was found on the way. */
export interface PruneResult {
  /** The smaller model, ready for {@link saveModelFile}. */
  readonly file: ModelFile;
  /** Figures of the run. */
  readonly report: PruneReport;
  /** Answers to the test images, before and after; absent where outputs are compared. */
  readonly answers?: TestAnswers;
  /** Everything that a search tried, when there was one. */
  readonly log?: SearchLog;
}
