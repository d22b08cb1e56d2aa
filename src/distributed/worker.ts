import { UsageError } from "../base/mod.ts";
import { isTrusted, type QueueServer, readQueueUrl } from "./queue/queue_server.ts";
import { SECRET_VARIABLE } from "./queue/signature.ts";
import { type ServedJob, serveQueue } from "./queue/serve_queue.ts";
import { JobThread } from "./worker_thread.ts";

/** What {@link runWorker} is given. */
export interface WorkerOptions {
  /** Redis or Valkey server where jobs are: `redis://` or `rediss://`. */
  readonly queue: string;
  /** Where blobs are, when that is elsewhere than jobs say, such as a folder that is mounted in another place. */
  readonly blobs?: string;
  /** Folder in which data sets are sought by name, and nowhere else. Default: they are read where jobs say. */
  readonly dataFolder?: string;
  /** Threads that share the images of a job. Default 1: more is done by more workers. */
  readonly workers?: number;
  /** Raised to end after the job in hand. */
  readonly signal: AbortSignal;
  /** Told once the worker waits for jobs. */
  readonly onReady?: () => void;
  /** Told before every job. */
  readonly onBegin?: (job: ServedJob) => void;
  /** Told behind every job, of its failure where it failed. */
  readonly onEnd?: (job: ServedJob, failure?: Error) => void;
  /** Told what a user should know. */
  readonly onNotice?: (notice: string) => void;
  /** How long a worker that shows no sign of life keeps its job, in milliseconds. Default 15 000. */
  readonly lockMilliseconds?: number;
}

/** What a worker did. */
export interface WorkerReport {
  /** Jobs that it did. */
  readonly done: number;
  /** Jobs that failed here, or that it refused. */
  readonly failed: number;
}

/**
 * Does jobs of `prune` and `calibrate` runs, and whole runs of sweeps, from a queue, one at a time, until it is told to end. Model, images and
 * statistics are opened once for all jobs of a run, and are the driver's by content or the job is refused.
 * The work is done in a thread of its own.
 *
 * @param options The queue, and what this worker has.
 * @returns What it did.
 * @throws {InputError} When the queue cannot be used.
 * @throws {UsageError} When the queue is on another machine and jobs, which nobody signs, were to say what is read and
 * written here.
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerReport> {
  const { queue, dataFolder, workers: threads = 1, ...settings } = options;
  const server = readQueueUrl(queue);
  requireOwnPlaces(server, options);
  const thread = new JobThread({ dataFolder, threads });
  let [done, failed] = [0, 0];
  try {
    await serveQueue({
      ...settings,
      server,
      perform: (...job) => thread.perform(...job),
      onEnd: (job, failure) => {
        if (failure) failed++;
        else done++;
        settings.onEnd?.(job, failure);
      },
    });
    return { done, failed };
  } finally {
    await thread.close();
  }
}

/** Whoever reaches the queue would say which files of this machine are read, and where something is written. */
function requireOwnPlaces(
  server: QueueServer,
  { dataFolder, blobs }: Pick<WorkerOptions, "dataFolder" | "blobs">,
): void {
  if (isTrusted(server)) return;
  const missing = [
    ...(dataFolder === undefined ? ["--data"] : []),
    ...(blobs === undefined ? ["--blobs"] : []),
  ];
  if (missing.length === 0) return;
  throw new UsageError(
    `starting a worker at ${server.name}: found no ${
      missing.join(" and no ")
    }, wanted both, as jobs from ` +
      `another machine are not signed; give them, or set ${SECRET_VARIABLE} here and for the command`,
  );
}
