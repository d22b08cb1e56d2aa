import type { Job as BullJob, Worker } from "./bullmq.d.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { BlobStores } from "../blobs/blob_stores.ts";
import { AdvisingError, type JobTools, messageOf } from "../../base/mod.ts";
import {
  type Answer,
  checkQueuedJob,
  type JobLabel,
  packPayload,
  QUEUE_NAME,
  type QueuedJob,
  signAnswer,
  unpackPayload,
  writeFailure,
} from "./queued_job.ts";
import { checkQueueServer, loadForQueue, type QueueServer } from "./queue_server.ts";

/** Long enough for a machine that is short of breath; the job of a lost worker waits as long. */
const LOCK_MILLISECONDS = 15_000;

/** Long enough for a job that was refused to come back from its first wait, 1 s, while others are free. */
const REST_MILLISECONDS = 3000;

/** How often a job may have lost its worker before it is taken to be what ends them. */
const MOST_LOST_WORKERS = 5;

/** Characters of a job's name and kind that are told. */
const SHOWN_CHARACTERS = 64;

/** Locks are looked at this often while one of them lasts. */
const CHECKS_PER_LOCK = 3;

/** A job that a worker has taken. */
export interface ServedJob {
  /** Its kind. */
  readonly kind: string;
  /** Its name in the queue. */
  readonly id: string;
}

/** A worker cannot do any job of some context; another worker may. */
export class RefusalError extends AdvisingError {
  /** Class name. */
  override readonly name = "RefusalError";
  /** @param cause Why. */
  constructor(cause: unknown) {
    super(messageOf(cause as Error), { cause });
  }
}

/** What a worker does. */
export interface ServeOptions {
  /** The server. */
  readonly server: QueueServer;
  /** Where blobs are, when that is elsewhere than jobs say. */
  readonly blobs?: string;
  /**
   * Does a job.
   *
   * @throws {RefusalError} When the worker cannot do jobs of this context.
   */
  readonly perform: (
    kind: string,
    context: unknown,
    input: unknown,
    tools: JobTools & { readonly blobs: BlobStore },
  ) => Promise<unknown>;
  /** Aborts the work after the current job. */
  readonly signal: AbortSignal;
  /** How long a worker that shows no sign of life keeps its job. Default 15 s. */
  readonly lockMilliseconds?: number;
  /** How long a worker that refused a job leaves the next one to others. Default 3 s. */
  readonly restMilliseconds?: number;
  /** Called once the worker waits for jobs. */
  readonly onReady?: () => void;
  /** Called before every job. */
  readonly onBegin?: (job: ServedJob) => void;
  /** Called after every job, with its failure where it failed. */
  readonly onEnd?: (job: ServedJob, failure?: Error) => void;
  /** Called with what a user should know: that the server is away. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * Takes jobs from a queue, one at a time, until its signal is aborted. Attempts, waits between them and the recovery of jobs
 * whose worker is gone are BullMQ's.
 *
 * @param options What to do.
 * @throws {InputError} When the server cannot be used.
 */
export async function serveQueue(options: ServeOptions): Promise<void> {
  const { server, restMilliseconds = REST_MILLISECONDS } = options;
  await checkQueueServer(server);
  const { Worker } = await loadForQueue(() =>
    // @ts-types="./bullmq.d.ts"
    import("bullmq")
  );
  const stores = new BlobStores();
  let resting: ReturnType<typeof setTimeout> | undefined;
  const worker = new Worker<QueuedJob, Answer>(QUEUE_NAME, async (job) => {
    try {
      return await serveJob(job, stores, options);
    } catch (error) {
      if (!(error instanceof RefusalError)) throw new Error(writeFailure(error));
      // A worker that refuses is free at once, and would take the job again before busy ones.
      worker.pause(true);
      resting = setTimeout(() => worker.resume(), restMilliseconds);
      throw new Error(writeFailure(error.cause));
    }
  }, settingsOf(options));
  const connection = watchServer(worker, options);
  try {
    await runUntilRaised(worker, options);
  } finally {
    clearTimeout(resting);
    await worker.pause(true);
    await connection.untilConnected();
    await worker.close();
    await stores.close();
  }
}

function settingsOf({ server, lockMilliseconds = LOCK_MILLISECONDS }: ServeOptions) {
  return {
    connection: { ...server.connection, maxRetriesPerRequest: null },
    lockDuration: lockMilliseconds,
    stalledInterval: lockMilliseconds / CHECKS_PER_LOCK,
    maxStalledCount: MOST_LOST_WORKERS,
    autorun: false,
  };
}

async function runUntilRaised(worker: Worker, { signal, onReady }: ServeOptions): Promise<void> {
  const raised = Promise.withResolvers<void>();
  const end = () => raised.resolve();
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    // It ends where a worker rests, which goes on by itself.
    const running = worker.run().then(() => raised.promise);
    await worker.waitUntilReady();
    onReady?.();
    await Promise.race([raised.promise, running]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/**
 * Says once that the server is away, whatever number of attempts to reach it fail.
 *
 * @returns What waits until the worker is connected. Only then can it be closed: it waits for the end of the connection
 * at which it waits for jobs, and one that is being made anew has none (taskforcesh/bullmq#4656).
 */
function watchServer(
  worker: Worker,
  { server, signal, onNotice }: ServeOptions,
): { untilConnected(): Promise<void> } {
  let isAway = false;
  let connecting: PromiseWithResolvers<void> | undefined;
  worker.on("error", () => {
    // Another worker has a job whose lock was lost here, or the server is away: both mend themselves.
  });
  worker.on("ioredis:close", () => {
    if (!isAway && !signal.aborted) onNotice?.(`${server.name} is away; waiting for it`);
    isAway = true;
  });
  worker.blockingConnection.on("close", () => connecting ??= Promise.withResolvers());
  worker.on("ready", () => {
    isAway = false;
    connecting?.resolve();
    connecting = undefined;
  });
  return { untilConnected: async () => await connecting?.promise };
}

async function serveJob(
  job: BullJob<QueuedJob, Answer>,
  stores: BlobStores,
  { server: { secret }, blobs: place, perform, onBegin, onEnd }: ServeOptions,
): Promise<Answer> {
  const label = { kind: job.name, id: job.id! };
  const served = { kind: showPlainly(label.kind), id: showPlainly(label.id) };
  onBegin?.(served);
  try {
    const { data } = job;
    takeJob(secret, label, data);
    const blobs = await stores.at(place ?? data.blobs);
    const [context, input] = await Promise.all(
      [data.context, data.input].map((payload) => unpackPayload(payload, blobs)),
    );
    const output = await perform(job.name, context, input, {
      blobs,
      onProgress: (share) => void job.updateProgress(share).catch(() => {}),
    });
    onEnd?.(served);
    return signAnswer(secret, label.id, await packPayload(output, blobs));
  } catch (error) {
    onEnd?.(served, error as Error);
    throw error;
  }
}

/** A job that is not signed as here may be signed as elsewhere. */
function takeJob(
  secret: string | undefined,
  label: JobLabel,
  data: unknown,
): asserts data is QueuedJob {
  try {
    checkQueuedJob(secret, label, data);
  } catch (error) {
    throw secret === undefined ? error : new RefusalError(error);
  }
}

/** What a stranger has written, fit for a terminal. */
function showPlainly(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, "?");
}
