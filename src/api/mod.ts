export {
  benchmark,
  BENCHMARK_DEFAULTS,
  type BenchmarkedLayer,
  type BenchmarkedModel,
  type BenchmarkOptions,
  type BenchmarkReport,
} from "./benchmark.ts";
export {
  calibrate,
  type CalibrateOptions,
  type CalibrateReport,
  type CalibrateResult,
  CALIBRATION_DEFAULTS,
  type ShardQueue,
} from "./calibrate.ts";
export { check, CHECK_DEFAULTS, type CheckOptions, type CheckReport } from "./check/check.ts";
export { judge, type Judgement } from "./check/judge.ts";
export { toJUnit } from "./check/junit.ts";
export { type LimitName, type Limits, needsOf, parseLimits } from "./check/limits.ts";
export { evaluate, type EvaluateOptions, type EvaluationReport } from "./evaluate.ts";
export { fold, type FoldResult } from "./fold.ts";
export {
  inspect,
  type InspectOptions,
  type InspectReport,
  type LayerDescription,
  type SpaceDescription,
} from "./inspect.ts";
export { profile, type ProfileOptions } from "./profile_run.ts";
export { describeRuntime, type Runtime } from "./runtime.ts";
export {
  finetune,
  type FinetuneOptions,
  train,
  type TrainOptions,
  type TuningOutcome,
} from "./tune.ts";
export type { WorkbenchAnswer, WorkbenchCost, WorkbenchLayer } from "./workbench/decisions.ts";
export { findConvolutions } from "./workbench/find_convolutions.ts";
export { History } from "./workbench/history.ts";
export {
  Workbench,
  WORKBENCH_DEFAULTS,
  type WorkbenchEvaluation,
  type WorkbenchOptions,
  type WorkbenchRun,
} from "./workbench/workbench.ts";
