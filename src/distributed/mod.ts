/** Work of a run that is done by workers at a queue: what it is opened from, and the workers. */
export type { ContextSpec } from "./contexts.ts";
export { openPruner, type Pruner } from "./pruner.ts";
export { checkQueue, openQueue, type QueueOptions } from "./queue/open_queue.ts";
export type { ServedJob } from "./queue/serve_queue.ts";
export { fetchShards } from "./shard_files.ts";
export { shardJob, type ShardOutput } from "./shard_work.ts";
export { describeSource } from "./source_spec.ts";
export { describeTrials } from "./trial_spec.ts";
export { runWorker, type WorkerOptions, type WorkerReport } from "./worker.ts";
export { createJobAnswerer } from "./worker_thread.ts";
