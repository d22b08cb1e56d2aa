import type { Notice } from "../base/mod.ts";
import type { CutMode } from "../graph/mod.ts";
import type { ModelFile } from "../model/mod.ts";
import type { Change, FigureChanges, SizedInput, TestAnswers } from "../session/mod.ts";
import type { EpochReport, ValidationFigures } from "../tuning/mod.ts";
import type { BudgetReport, FloorReport, SearchLog, SearchReport } from "./types.ts";

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

/** What happened to one layer. */
export interface LayerReport {
  /** Name of the layer. */
  readonly name: string;
  /** Its place in the ratio list; absent for Dense layers. */
  readonly place?: number;
  /** How its input channels were cut; `dropped` where it left with its residual block. */
  readonly mode: CutMode | "dropped";
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
