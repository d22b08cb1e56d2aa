export { withDefaults } from "./defaults.ts";
export { walkDepthFirst } from "./depth_first.ts";
export { differences } from "./differences.ts";
export { disk } from "./disk.ts";
export {
  AdvisingError,
  fileError,
  InputError,
  messageOf,
  UsageError,
  withAction,
  WorkerError,
} from "./errors.ts";
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
export {
  anyOf,
  LIBRARY_WORDS,
  type Message,
  option,
  type OptionMention,
  type OptionName,
  type OptionWords,
} from "./message.ts";
export { ownValue } from "./own_value.ts";
export { parseJson } from "./parse_json.ts";
export { paretoFront, type ParetoPoint } from "./pareto.ts";
export { createRandom, drawNormal, type Random, shuffledIndices } from "./random.ts";
export { reachable } from "./reachable.ts";
export { readPart, ScratchFile } from "./scratch_file.ts";
export { Stopwatch } from "./stopwatch.ts";
export { type Answerer, isThread, serveThread } from "./threads/serve_thread.ts";
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
