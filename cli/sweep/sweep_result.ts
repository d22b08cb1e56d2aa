import type { Change, PruneReport } from "../../src/mod.ts";

/** What a sweep keeps of a run's report. */
export interface SweepFigures {
  /** Share of test images classified rightly; absent where outputs are compared. */
  readonly accuracy?: Change;
  /** Relative error of the outputs; absent where images are classified. */
  readonly outputError?: PruneReport["outputError"];
  /** What runs are chosen by: accuracy, or the negative error of outputs, on held-out training images. */
  readonly quality?: number;
  /** Loss on the test images. */
  readonly loss: Change;
  /** Multiply-accumulates for one image. */
  readonly macs: PruneReport["macs"];
  /** Weights. */
  readonly params: Change;
  /** Bytes of the model on disk. */
  readonly bytes: Change;
  /** Wall time of the run. */
  readonly seconds: number;
}

/** What is known of a run. */
export interface SweepResult {
  /** Its folder below that of the sweep. */
  readonly name: string;
  /** The model by its name in the file. */
  readonly model: string;
  /** The options by their name in the file. */
  readonly options: string;
  /** Share of the target that is kept. */
  readonly budget: number;
  /** What its outcome follows from. */
  readonly key: string;
  /** How far it is. */
  readonly status: "begun" | "done" | "failed";
  /** What it found, when it is done. */
  readonly figures?: SweepFigures;
  /** What went wrong, when it failed. */
  readonly error?: string;
}
