/** What is loaded when a report is drawn. */
export { checkRecord } from "./check_record.ts";
export { drawComparison } from "./comparison_page.ts";
export { drawCurve } from "./curve_page.ts";
export { drawReport } from "./report_page.ts";
export {
  type PruneRecord,
  RUN_FORMAT,
  type RunBasics,
  type RunRecord,
  type TuningRecord,
} from "./run_record.ts";
export { type KnownChange, type RunSummary, summarizeRuns } from "./summarize_run.ts";
