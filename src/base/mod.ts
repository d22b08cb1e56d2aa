export { withDefaults } from "./defaults.ts";
export { differences } from "./differences.ts";
export { disk } from "./disk.ts";
export { fileError, InputError, UsageError, withAction, WorkerError } from "./errors.ts";
export { isMissing, readBytes } from "./files.ts";
export {
  type Executor,
  type Job,
  type JobHandlers,
  type JobOutcome,
  type JobTools,
  outputsOf,
  type RunHooks,
} from "./jobs/job.ts";
export { LocalExecutor } from "./jobs/local_executor.ts";
export { letOthersRun } from "./let_others_run.ts";
export { ownValue } from "./own_value.ts";
export { parseJson } from "./parse_json.ts";
export { paretoFront, type ParetoPoint } from "./pareto.ts";
export { createRandom, drawNormal, type Random, shuffledIndices } from "./random.ts";
export { Stopwatch } from "./stopwatch.ts";
export { type Answerer, serveThread } from "./threads/serve_thread.ts";
export { Thread } from "./threads/thread.ts";
export {
  type FileContent,
  refuseExistingFile,
  requireWritableFolder,
  statFile,
  writeBeside,
  writeWholeFile,
  writeWholeFolder,
} from "./whole_file.ts";
export { isZip, readZip, type ZipEntry } from "./zip.ts";
