/** A model with its data, opened on all workers. */
export { type PoolCalibrationRequest, shardIndices, WorkerPool } from "./workers/worker_pool.ts";
export type { FaultReport, ImageSelection } from "./workers/replica_images.ts";
export { createReplicaAnswerer, type PoolThread } from "./workers/thread_replica.ts";
export { noticeOfChance } from "./chance.ts";
export {
  type Change,
  compareFigures,
  evaluateOn,
  type FigureChanges,
  type OutputErrorChange,
  wholeSplit,
} from "./evaluation.ts";
export { fingerprint, type FingerprintOptions, type Fingerprints } from "./fingerprint.ts";
export {
  abortableListener,
  type DataOptions,
  type Progress,
  type ProgressListener,
} from "./options.ts";
export { forecastPass, type PassForecast, tellForecast, timeImages } from "./pace.ts";
export { resolveModel, resolveReference } from "./resolve_model.ts";
export { identifyRun, type RunIdentity } from "./run_identity.ts";
export { batchesOfThread, openSession, type Session, trackBatches } from "./session.ts";
export {
  type CountedFor,
  fixOpenSizes,
  fixSizesByData,
  resolveSizedModel,
  type SizedInput,
  type SizedModel,
  sizesGiven,
} from "./sized_model.ts";
export {
  type ChangedAnswer,
  compareAnswers,
  type GivenAnswer,
  type TestAnswers,
} from "./test_answers.ts";
export { trainingRows } from "./training_rows.ts";
