/** Work that is done here or anywhere else. Nothing of the queue's libraries is loaded before it is used. */
export type { BlobStore } from "../blobs/blob_store.ts";
export * from "../blobs/blob_stores.ts";
export * from "../../base/jobs/job.ts";
export * from "../../base/jobs/local_executor.ts";
export * from "../blobs/open_blobs.ts";
export * from "./open_queue.ts";
export * from "./queue_executor.ts";
export { type QueueServer, readQueueUrl } from "./queue_server.ts";
export * from "./serve_queue.ts";
