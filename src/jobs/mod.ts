/** Work that is done here or anywhere else. Nothing of the queue's libraries is loaded before it is used. */
export type { BlobStore } from "./blob_store.ts";
export * from "./blob_stores.ts";
export * from "./job.ts";
export * from "./local_executor.ts";
export * from "./open_blobs.ts";
export * from "./open_queue.ts";
export * from "./queue_executor.ts";
export { type QueueServer, readQueueUrl } from "./queue_server.ts";
export * from "./serve_queue.ts";
