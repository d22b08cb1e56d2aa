/** Work of a run that is done by workers at a queue: what it is opened from, and who does it. */
export type { BlobStore } from "./blobs/blob_store.ts";
export { openBlobs } from "./blobs/open_blobs.ts";
export type { ContextSpec } from "./contexts.ts";
export { openPruner, type Pruner } from "./pruner.ts";
export { checkQueue, openQueue, type QueueOptions } from "./queue/open_queue.ts";
export { QueueExecutor, type QueueExecutorOptions } from "./queue/queue_executor.ts";
export { type QueueServer, readQueueUrl } from "./queue/queue_server.ts";
export { RefusalError, type ServedJob, serveQueue } from "./queue/serve_queue.ts";
export { ShardSum } from "./shard_sum.ts";
export { shardJob, type ShardOutput } from "./shard_work.ts";
export { describeSource } from "./source_spec.ts";
export { describeTrials } from "./trial_spec.ts";
export { work, type WorkOptions, type WorkReport } from "./worker.ts";
export { RUN_HANDLERS } from "./run_job.ts";
export { createJobAnswerer } from "./worker_thread.ts";
