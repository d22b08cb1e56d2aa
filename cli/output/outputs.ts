import type {
  BenchmarkReport,
  BudgetReport,
  CalibrateReport,
  Change,
  CheckReport,
  EvaluationReport,
  ExploreReport,
  Figures,
  FoldResult,
  InspectReport,
  Limits,
  Progress,
  PruneReport,
  RunRecord,
  RunSummary,
  Statistics,
  Timing,
  TuningReport,
  WithoutDataReport,
  WorkbenchAnswer,
  WorkbenchCost,
  WorkbenchEvaluation,
  WorkerReport,
} from "../../src/mod.ts";
import type { SweepResult } from "../sweep/sweep_result.ts";
import type { Provenance } from "./provenance.ts";

/** Where a file or model was written, and how large it is. */
interface Written<Size> {
  /** Its path. */
  readonly out: string;
  /** Bytes on disk. */
  readonly bytes: Size;
}

/** What `prune` prints: without data the last. */
type PruneOutput = Written<Change> & Provenance & PruneReport;
type WithoutDataOutput = Written<number> & Provenance & WithoutDataReport & {
  /** What the user should know. */
  readonly notices: readonly string[];
};

/** What `train` and `finetune` print. */
type TuneOutput = Written<number> & Provenance & TuningReport;

/** Ratios of all layers, as `--prune-list-file` reads them. */
interface Ratios {
  /** They, with commas between. */
  readonly ratios: string;
}

/** What a command of the `shell` prints. */
type ShellOutput =
  /** `keep`, `show`, `list` and `load`. */
  | WorkbenchAnswer
  /** `undo`, `redo` and `reset`. */
  | (Ratios & { readonly cost: WorkbenchCost })
  /** `budget`. */
  | (BudgetReport & { readonly cost: WorkbenchCost })
  /** `eval`. */
  | { readonly [When in keyof WorkbenchEvaluation]: Omit<Figures, "answers"> }
  /** `save`. */
  | (Written<number> & Ratios & Provenance & PruneReport)
  /** `save list`. */
  | (Ratios & { readonly out: string });

/**
 * What every command prints with `--json`. `bundle/schemas.ts` makes the schemas of the package of it; the messages of all
 * reports are texts then.
 */
export interface Outputs {
  readonly bench: BenchmarkReport;
  readonly calibrate:
    & Written<number>
    & Provenance
    & Omit<Statistics, "layers">
    & { readonly layers: readonly string[] }
    & CalibrateReport;
  readonly check: CheckReport;
  readonly compare: {
    /** The file of charts, where one was asked for. */
    readonly out?: string;
    readonly runs: readonly RunSummary[];
  };
  readonly convert: Written<Change> & {
    /** Whether floats stand for the integers that the model computed with. */
    readonly dequantized?: true;
  };
  readonly demo: PruneReport & {
    /** Layers before and after folding. */
    readonly folded: Change;
    /** Milliseconds on stock TensorFlow.js. */
    readonly latency: {
      readonly before: Timing;
      readonly after: Timing;
      readonly batchSize: number;
      readonly rounds: number;
    };
  };
  readonly eval: EvaluationReport;
  readonly explore: ExploreReport & {
    /** The file of the curve, where one was asked for. */
    readonly out?: string;
  };
  readonly finetune: TuneOutput;
  readonly fold: Written<Change> & Omit<FoldResult, "file">;
  readonly inspect: InspectReport;
  readonly merge: Written<number> & Pick<Statistics, "identity"> & {
    /** How many shards there are, and which of them, from 1, are in. */
    readonly shards: Statistics["shards"] & { readonly missing: readonly number[] };
  };
  readonly pocketflow:
    | EvaluationReport
    | TuneOutput
    | (PruneOutput & {
      /** What the training found, where there was one. */
      readonly trained?: TuneOutput;
    });
  readonly prune: PruneOutput | WithoutDataOutput;
  /** What the shell prints for each of its commands, in a line. */
  readonly shell: ShellOutput;
  readonly sweep: {
    /** Folder of the sweep. */
    readonly out: string;
    /** The file of charts, where a run is done. */
    readonly comparison?: string;
    readonly runs: readonly SweepResult[];
    /** Names of the runs that no other one beats in size and quality. */
    readonly front: readonly string[];
  };
  readonly train: TuneOutput;
  readonly worker: WorkerReport & Pick<Provenance, "version">;
}

/** Files that are read or written, and lines. */
export interface OutputFiles {
  /** `report.json` in the folder of a run. */
  readonly report: RunRecord;
  /** What `check --budget` reads. */
  readonly budget: Limits;
  /** What `sweep` reads. */
  readonly "sweep-plan": SweepPlan;
  /** A line on standard error with `--progress json`: a step of the work, or what is said of it. */
  readonly progress: Progress | { readonly said: string };
  /** `sweep.json` in the folder of a sweep. */
  readonly "sweep-results": { readonly runs: readonly SweepResult[] };
}

/** Values of options of `prune`, by their names. */
type PlannedOptions = Readonly<Record<string, string | number | boolean>>;

interface SweepPlan {
  /** Folder of the images of all models that name none of their own. */
  readonly data?: string;
  /** Paths of models by the names that their runs have. */
  readonly models: Readonly<
    Record<string, string | { readonly model: string; readonly data?: string }>
  >;
  /** Options of `prune` by the names that their runs have. */
  readonly options: Readonly<Record<string, PlannedOptions>>;
  /** Shares of the cost that are kept. */
  readonly budgets: readonly number[];
  /** Options of all runs. */
  readonly common?: PlannedOptions;
}
