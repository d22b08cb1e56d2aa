import type { LatencyConditions, RunProfile } from "../cost/mod.ts";
import type { PruneReport, SearchLog } from "../pruning/mod.ts";
import type { TestAnswers } from "../session/mod.ts";
import type { TuningReport } from "../tuning/mod.ts";

/** What every run's record states. */
export interface RunBasics {
  /** Marks the file; it changes when a reader of the old one would misunderstand it. */
  readonly format: "secateur-run-1";
  /** The model as it was given, or the name of a new network. */
  readonly model: string;
  /** Where the new model was written. */
  readonly out: string;
  /** When the run ended, as ISO 8601. */
  readonly finished: string;
  /** The command line. */
  readonly command: string;
  /** Versions of what made the model; the engine is Deno, Node or Bun. */
  readonly versions: { readonly secateur: string; readonly engine: string };
  /** The machine, and TensorFlow.js on it. */
  readonly machine: LatencyConditions;
  /** Bytes of the models on disk; `before` is absent for a new network. */
  readonly bytes: { readonly before?: number; readonly after: number };
  /** What the networks cost, layer by layer. */
  readonly profile?: RunProfile;
  /** What they answered; absent where outputs are compared. */
  readonly answers?: TestAnswers;
}

/** Record of a pruning run. */
export interface PruneRecord extends RunBasics {
  /** Discriminates the records. */
  readonly kind: "prune";
  /** Figures of the run. */
  readonly report: PruneReport;
  /** Everything that a search tried, when there was one. */
  readonly search?: SearchLog;
}

/** Record of a training or tuning run. */
export interface TuningRecord extends RunBasics {
  /** Discriminates the records. */
  readonly kind: "finetune" | "train";
  /** Figures of the run. */
  readonly report: TuningReport;
}

/** All that a run's report shows: the content of `report.json`. */
export type RunRecord = PruneRecord | TuningRecord;

/** The first field of every `report.json`. */
export const RUN_FORMAT: RunRecord["format"] = "secateur-run-1";
