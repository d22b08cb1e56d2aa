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
export { isMissing, plainBytes, readBytes } from "./files.ts";
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
  isMessage,
  LIBRARY_WORDS,
  type Message,
  type Notice,
  option,
  type OptionMention,
  type OptionName,
  type OptionWords,
  partsOf,
  writeMessage,
} from "./message.ts";
export { ownValue } from "./own_value.ts";
export { parseJson } from "./parse_json.ts";
export { paretoFront, type ParetoPoint } from "./pareto.ts";
export { createRandom, drawNormal, type Random, shuffledIndices } from "./random.ts";
export { reachable } from "./reachable.ts";
export { copyShared } from "./copy_shared.ts";
export { readPart, ScratchFile } from "./scratch_file.ts";
export { Stopwatch } from "./stopwatch.ts";
export { type Answerer, isThread, serveThread } from "./threads/serve_thread.ts";
export { Thread } from "./threads/thread.ts";
export {
  appendSynced,
  type FileContent,
  syncFile,
  syncFolder,
  writeSynced,
} from "./synced_file.ts";
export { makeTempFolder, withTempFolder } from "./temp_folder.ts";
export { takeTurn } from "./take_turns.ts";
export {
  makeFolder,
  refuseExistingFile,
  removeAll,
  requireWritableFolder,
  statFile,
  writeBeside,
  writeWholeFile,
  writeWholeFiles,
  writeWholeFolder,
} from "./whole_file.ts";
export { unpackBytes } from "./unpack_bytes.ts";
export { isZip, readZip, type ZipEntry } from "./zip.ts";
