import type { Notice } from "../base/mod.ts";
import type { CutMode, SharedMode } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type { RuntimeName } from "../runtimes/mod.ts";
import type {
  AgentOptions,
  Evaluation,
  FailedRollout,
  Rollout,
  SearchSettings,
} from "./policy/mod.ts";
import type {
  Change,
  DataOptions,
  FigureChanges,
  SizedInput,
  TestAnswers,
} from "../session/mod.ts";
import type { SelectionMethod } from "./selection/mod.ts";
import type { EpochReport, TuningOptions, ValidationFigures } from "../tuning/mod.ts";

/**
 * How it is decided how many input channels each layer keeps: the same share for every convolution (`uniform`), a list with
 * a ratio for every convolution (`list`; `source` names it in messages), the least loss within a budget (`budget`), a
 * search within a budget (`auto`), or the smallest network that keeps a floor (`floor`).
 */
export type RatioPolicy =
  | { readonly kind: "uniform"; readonly ratio: number }
  | { readonly kind: "list"; readonly text: string; readonly source: string }
  | BudgetPolicy
  | AutoPolicy
  | FloorPolicy;

/** What a network may cost. */
export interface BudgetGoal {
  /** Share of the cost that is kept, above 0 and at most 1. */
  readonly share: number;
  /** The cost: multiply–accumulates, parameters, or measured latency. Default `macs`. */
  readonly target?: BudgetTarget;
  /** File in which measured latencies are kept. Default: one in the user's cache, for all runs on this machine. */
  readonly latencyTable?: string;
  /** What latencies are measured on, for the target `latency`. Default: stock TensorFlow.js, `tfjs-wasm`. */
  readonly runtime?: RuntimeName;
}

/** The predictions whose latency a budget counts; empty where it counts something else. */
export interface CountedPredictions {
  /** Images of each; absent where latency was not counted. */
  readonly batchSize?: number;
  /** What ran them; absent where it was stock TensorFlow.js. */
  readonly runtime?: RuntimeName;
}

/** Keeps the channel counts that lose least of the layers' outputs within a budget. */
export interface BudgetPolicy extends BudgetGoal {
  /** Discriminates the policies. */
  readonly kind: "budget";
}

/**
 * Keeps the channel counts that an agent finds within a budget by trying networks out (He et al. 2018, AMC, arXiv
 * 1802.03494).
 */
export interface AutoPolicy extends BudgetGoal {
  /** Discriminates the policies. */
  readonly kind: "auto";
  /** Roll-outs, rewards and exploration. Default: {@link SEARCH_DEFAULTS}. */
  readonly search?: Partial<SearchSettings>;
  /** The agent. Default: {@link AGENT_DEFAULTS}. */
  readonly agent?: Partial<AgentOptions>;
  /** Where the search starts: from the counts of the policy `budget`, or from nothing. Default `budget`. */
  readonly start?: "budget" | "none";
  /** Number of training images that roll-outs are measured on. Default 2000. */
  readonly images?: number;
  /**
   * Number of networks that are cut with the sequential repair and measured again: the start, the best roll-outs, and
   * others near them. Default 12.
   */
  readonly finalists?: number;
  /**
   * Called after every roll-out and finalist that could be measured, in order; with `resume` first for those of the
   * earlier run.
   */
  readonly onRollout?: (rollout: Rollout) => void;
}

/** What a network loses against the original on held-out training images, and how far chance goes. */
export interface Judgement {
  /** Share of the images that it classifies rightly; absent where outputs are compared. */
  readonly accuracy?: number;
  /** Accuracy lost, as a share of the images; or the relative error of the outputs, where these are compared. */
  readonly drop: number;
  /** Standard error of the drop: of paired answers, or told from parts of the images. */
  readonly standardError: number;
  /** Number of images. */
  readonly images: number;
}

/** A network of a curve: the one that the policy `budget` chooses for a share of the cost, read off the statistics. */
export interface CurvePoint extends Judgement {
  /** Share of the cost that it may keep. */
  readonly share: number;
  /** Multiply–accumulates for one image. */
  readonly macs: number;
  /** Number of weights. */
  readonly params: number;
  /** Estimated milliseconds for one image, where latency was counted. */
  readonly milliseconds?: number;
}

/** Keeps as little of the cost as a floor of the accuracy, or a ceiling of the outputs' error, allows. */
export interface FloorPolicy extends Omit<BudgetGoal, "share"> {
  /** Discriminates the policies. */
  readonly kind: "floor";
  /** The most of the accuracy that is lost, as a share of the images, where images are classified. */
  readonly maxDrop?: number;
  /** The largest relative error, where outputs are compared. */
  readonly maxError?: number;
}

/** What the policy `floor` found, on held-out training images. */
export interface FloorReport extends Judgement {
  /** What was counted. */
  readonly target: BudgetTarget;
  /** The largest drop that was allowed. */
  readonly limit: number;
  /** Share of the cost that the network was to keep. */
  readonly share: number;
  /** Probability that the drop on any number of such images is within the limit. */
  readonly confidence: number;
  /** The networks that were cut, repaired and judged, in order. */
  readonly tried: readonly (Judgement & { readonly share: number })[];
}

/** What a budget counts: multiply–accumulates, weights, or measured milliseconds. */
export type BudgetTarget = "macs" | "params" | "latency";

/** What the policy `budget` decided. */
export interface BudgetReport extends CountedPredictions {
  /** What was counted. */
  readonly target: BudgetTarget;
  /** Share of the cost that was to be kept, and that is kept at most by the counts chosen. */
  readonly share: { readonly wanted: number; readonly found: number };
  /** By how much the errors of the layers that read what is cut raise the loss: a sum, each as if others were whole. */
  readonly error: number;
  /** Whether no choice within the budget has a smaller error. */
  readonly isOptimal: boolean;
  /** No choice within the budget has an error below this, proven or not. */
  readonly lowerBound: number;
}

/** What a search found. */
export interface SearchReport extends CountedPredictions {
  /** What was counted. */
  readonly target: BudgetTarget;
  /** Share of the cost that was to be kept, and that the winner keeps. */
  readonly share: { readonly wanted: number; readonly found: number };
  /** Number of training images that roll-outs were measured on. */
  readonly images: number;
  /** Number of roll-outs. */
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
  /** Names of the decisions: a layer, or a space that several layers read. */
  readonly units: readonly string[];
  /** The roll-outs and the finalists, in order; counts and ratios are in the order of `units`. */
  readonly rollouts: readonly LoggedRollout[];
  /** Those that could not be measured. */
  readonly failures: readonly LoggedFailure[];
}

/** A roll-out with what its network costs, whatever the search counted. */
export interface LoggedRollout extends Rollout {
  /** Multiply–accumulates for one image, selectors included. */
  readonly macs: number;
}

/** A network that could not be measured, with what it costs. */
export interface LoggedFailure extends FailedRollout {
  /** Multiply–accumulates for one image, selectors included. */
  readonly macs: number;
}

/** A network that was cut with the sequential repair, and measured on training images that no statistics are of. */
export interface Finalist extends Evaluation {
  /** Its number, from 1. */
  readonly rollout: number;
  /** Its reward in that measurement. */
  readonly reward: number;
}

/**
 * How much is done for a smaller network: its layers are repaired within a budget (`quick`), the whole network is repaired
 * too (`standard`), or channel counts are searched and it is tuned where there are labels (`thorough`).
 */
export type Effort = "quick" | "standard" | "thorough";

/** How far a smaller network is repaired: layer by layer, or as a whole after that too. */
export type RepairExtent = "layers" | "network";

/** How a smaller network is repaired as a whole. */
export interface NetworkRepairOptions {
  /** Steps. Default: as many as about two minutes on two cores and twenty passes over the images allow, 600 at most. */
  readonly steps?: number;
  /** Images of a step. Default 128. */
  readonly batchSize?: number;
  /** Adam's largest learning rate. Default 1e-3. */
  readonly learningRate?: number;
  /** By which the scores of both networks are divided. Default 4. */
  readonly temperature?: number;
}

/** What the repair of the whole network found. */
export interface NetworkRepairReport {
  /** Steps that it took. */
  readonly steps: number;
  /** Its passes over the calibration images. */
  readonly epochs: readonly EpochReport[];
  /** Figures on held-out training images, which choose; absent without any. */
  readonly heldOut?: {
    readonly images: number;
    readonly before: ValidationFigures;
    readonly after: ValidationFigures;
  };
  /** Whether repaired weights were better than those before; absent without held-out images. */
  readonly isKept?: boolean;
  /** Why there was no repair, where there was none. */
  readonly reason?: Notice;
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

/** What happened to one layer. */
export interface LayerReport {
  /** Name of the layer. */
  readonly name: string;
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** How its input channels were cut. */
  readonly mode: CutMode;
  /** Number of input channels that it keeps. */
  readonly kept: number;
  /** Number of input channels before. */
  readonly of: number;
  /**
   * The share of the layer's output Y that is lost: Σ(Y − Ŷ)² / Σ(Y − mean Y)² over the sampled outputs, each weighted by
   * what reads it, of fits to either half of the images on the other half. 0 for a layer that was left alone.
   */
  readonly relativeError: number;
  /** Ridge that was used, relative to the mean diagonal of G of inputs of unit spread; absent when the layer was not reconstructed. */
  readonly ridge?: number;
  /** Number of input channels that were zero in all samples. */
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
  /** After which epoch they were best; 0: the network is as it was cut. Absent without held-out images. */
  readonly bestEpoch?: number;
  /** Epochs of every group. */
  readonly groups: readonly (readonly EpochReport[])[];
  /** Epochs of the whole network. */
  readonly epochs: readonly EpochReport[];
}

/** Figures of a pruning run: of the original, and of the smaller network after all tuning. */
export interface PruneReport extends FigureChanges {
  /** How the network was repaired as a whole, when it was to be. */
  readonly networkRepair?: NetworkRepairReport;
  /** How the network was tuned, when it was. */
  readonly tuning?: PruneTuningReport;
  /**
   * Figures of the result on training images that no statistics are of, by which runs can be compared without the test
   * split; absent where none are held out. Tuning has trained on them: its own `validationAccuracy` counts then.
   */
  readonly heldOut?: {
    readonly accuracy?: number;
    readonly outputError?: number;
    readonly images: number;
  };
  /** Why the network could not be tuned at the end, when it was to be: it is as it was cut. */
  readonly failure?: Notice;
  /** Multiply–accumulates for one image; `conv…` counts all but Dense layers, selectors included. */
  readonly macs: Change & {
    readonly convBefore: number;
    readonly convAfter: number;
    readonly selectors: number;
  };
  /** Shapes of the inputs that multiply–accumulates are counted for, where the model leaves sizes open. */
  readonly countedFor?: readonly SizedInput[];
  /** Number of weights, moving statistics included. */
  readonly params: Change;
  /** What the policy `budget` decided, when it was used. */
  readonly budget?: BudgetReport;
  /** What the search found, when there was one. */
  readonly search?: SearchReport;
  /** What the policy `floor` found, when it was used. */
  readonly floor?: FloorReport;
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
  /**
   * Largest difference between the outputs of the masked original and of the shrunk model on training images, relative to
   * the outputs' spread, when they were compared.
   */
  readonly maskedDifference?: number;
  /** Wall time of the stages in seconds. */
  readonly seconds: {
    readonly total: number;
    readonly calibrate: number;
    readonly search: number;
    readonly select: number;
    readonly reconstruct: number;
    readonly batchNorm: number;
    readonly repair: number;
    readonly tune: number;
    readonly evaluate: number;
  };
  /**
   * Numbers of images: of calibration, of the test split, and those that could not be read, whose names follow, and what was
   * wrong with each, as messages.
   */
  readonly images: {
    readonly calibration: number;
    readonly test: number;
    readonly unreadable: number;
    readonly unreadableNames: readonly string[];
    readonly unreadableReasons: readonly string[];
  };
  /** Seed of the run. */
  readonly seed: number;
  /** Threads that shared the work; the same number and the same seed repeat the run. */
  readonly workers: number;
  /** What a user should know about the run. */
  readonly notices: readonly Notice[];
}

/** A pruned model and figures of the run. */
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
