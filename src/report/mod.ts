export type { PruneRecord, RunBasics, RunRecord, TuningRecord } from "./run_record.ts";
export {
  readRuns,
  type RecordedFields,
  recordRun,
  renderComparison,
  renderCurve,
  renderReport,
  type RunFields,
} from "./run_reports.ts";
export type { DrawnCurve, DrawnPoint } from "./curve_page.ts";
export type { KnownChange, RunSummary } from "./summarize_run.ts";
