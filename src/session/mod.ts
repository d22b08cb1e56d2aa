/** A model with its data, opened on all workers. */
export { Crew, shardIndices } from "./crew/crew.ts";
export type {
  CalibrationRequest,
  FaultReport,
  ImageSelection,
  StationSpec,
} from "./crew/station.ts";
export { createStationAnswerer } from "./crew/thread_station.ts";
export {
  type Change,
  compareFigures,
  evaluateOn,
  type FigureChanges,
  type OutputErrorChange,
  wholeSplit,
} from "./evaluation.ts";
export { fingerprint, type Fingerprints } from "./fingerprint.ts";
export type { DataOptions, Progress, ProgressListener } from "./options.ts";
export { resolveModel, resolveReference } from "./resolve_model.ts";
export { batchesOfThread, openSession, type Session, trackBatches } from "./session.ts";
export {
  type ChangedAnswer,
  compareAnswers,
  type GivenAnswer,
  type TestAnswers,
} from "./test_answers.ts";
