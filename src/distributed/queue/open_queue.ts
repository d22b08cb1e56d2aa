import type { BlobStore } from "../blobs/blob_store.ts";
import type { Executor } from "../../base/mod.ts";
import { openBlobs } from "../blobs/open_blobs.ts";
import { QueueExecutor } from "./queue_executor.ts";
import { checkQueueServer, readQueueUrl } from "./queue_server.ts";

/** A queue from which workers, other processes here or on other machines, take work. */
export interface QueueOptions {
  /** URL of the Redis or Valkey server that has the queue: `redis://` or `rediss://`. */
  readonly url: string;
  /**
   * Where models, statistics and other large files are exchanged: a folder that all processes have,
   * `s3://bucket/prefix`, or the URL of a folder on a server.
   */
  readonly blobs: string;
  /** How often a job is tried before it counts as failed. Default 3. */
  readonly attempts?: number;
  /** Called with what a user should know: that no worker is there, for example. */
  readonly onNotice?: (notice: string) => void;
}

/** An executor and its blobs. */
export interface OpenQueue {
  /** Has jobs done by workers. */
  readonly executor: Executor;
  /** Where blobs are, until the executor is closed. */
  readonly blobs: BlobStore;
}

/**
 * Makes sure that a queue can be used, before work is spent.
 *
 * @param options The queue.
 * @throws {InputError} When its server cannot be used.
 */
export async function checkQueue({ url }: QueueOptions): Promise<void> {
  await checkQueueServer(readQueueUrl(url));
}

/**
 * Opens a queue for the jobs of one context.
 *
 * @param options The queue.
 * @param describe Makes what workers open their context from.
 * @returns The executor and its blobs.
 * @throws {InputError} When server or blobs cannot be used.
 */
export async function openQueue(
  { url, blobs: place, attempts, onNotice }: QueueOptions,
  describe: (blobs: BlobStore) => Promise<unknown>,
): Promise<OpenQueue> {
  const server = readQueueUrl(url);
  const blobs = await openBlobs(place);
  const context = await describe(blobs);
  const executor = await QueueExecutor.open({
    server,
    blobs,
    context,
    onNotice,
    ...(attempts !== undefined && { attempts }),
  });
  return { executor, blobs };
}
