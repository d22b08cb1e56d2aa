import type { RuntimeName } from "../runtimes/mod.ts";
import type {
  AgentOptions,
  Evaluation,
  FailedRollout,
  Rollout,
  SearchSettings,
} from "./policy/mod.ts";

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
   * Number of networks that are cut, repaired and measured again: the start, the best roll-outs, and others near them.
   * Where the network is repaired as a whole, some steps of that rank them; the best and the start then get all. Default
   * 12.
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
export interface FloorReport extends Judgement, CountedPredictions {
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
  /**
   * Networks that were cut and repaired; their numbers follow those of the roll-outs. Where some steps of the repair of the
   * whole network ranked them and the start was not the best, the last two are the start and the best, with all steps.
   */
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

/** A network that was cut and repaired, and measured on training images that no statistics are of. */
export interface Finalist extends Evaluation {
  /** Its number, from 1. */
  readonly rollout: number;
  /** Its reward in that measurement. */
  readonly reward: number;
}
