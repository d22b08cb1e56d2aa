/** Work of a run that is done by workers at a queue: what it is opened from, and who does it. */
export * from "./worker_thread.ts";
export * from "./contexts.ts";
export * from "./shard_sum.ts";
export * from "./shard_work.ts";
export * from "./source_spec.ts";
export * from "./trial_spec.ts";
