import { anyOf, UsageError } from "../base/mod.ts";
import { isTrusted, type QueueServer, readQueueUrl } from "./queue/queue_server.ts";
import { SECRET_VARIABLE } from "./queue/signature.ts";
import { type ServedJob, serveQueue } from "./queue/serve_queue.ts";
import { JobThread } from "./worker_thread.ts";

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** URL of the Redis or Valkey server that has the queue: `redis://` or `rediss://`. */
  readonly queue: string;
  /** Where large files are exchanged, when this worker has that folder in another place than the jobs say. */
  readonly blobs?: string;
  /** Folder in which data sets are looked for by name, and nowhere else. Default: they are read where jobs say. */
  readonly dataFolder?: string;
  /** Threads that share the images of a job. Default 1; more workers get more done than more threads. */
  readonly workers?: number;
  /** Ends the worker after the job in hand when it is aborted. */
  readonly signal: AbortSignal;
  /** Called once, when the worker begins to wait for jobs. */
  readonly onReady?: () => void;
  /** Called before every job. */
  readonly onBegin?: (job: ServedJob) => void;
  /** Called after every job, with its error if it failed. */
  readonly onEnd?: (job: ServedJob, failure?: Error) => void;
  /** Called with what a user should know: that the server is away, for example. */
  readonly onNotice?: (notice: string) => void;
  /** Milliseconds after which a job whose worker shows no sign of life is given to another one. Default 15,000. */
  readonly lockMilliseconds?: number;
}

/** What a worker has done. */
export interface WorkerReport {
  /** Number of jobs that it did. */
  readonly done: number;
  /** Number of jobs that failed here or that it refused. */
  readonly failed: number;
}

/**
 * Takes jobs from a queue and does them, one at a time, until `signal` ends it: parts of `prune` and `calibrate` runs,
 * and whole runs of {@link openPruner}. Model, images and statistics are opened once for all jobs of a run; a job is
 * refused where their content is not that of the process that posted it. The work is done on a thread of its own.
 *
 * @param options The queue, and what this worker has.
 * @returns What it has done.
 * @throws {InputError} When the queue cannot be used.
 * @throws {UsageError} When the queue is on another machine and jobs, which nobody signs, were to say what is read and
 * written here.
 *
 * @example Serve a queue until the process is interrupted
 * ```ts ignore
 * import { runWorker } from "secateur";
 * import process from "node:process";
 *
 * const end = new AbortController();
 * process.once("SIGTERM", () => end.abort());
 * const { done, failed } = await runWorker({
 *   queue: "redis://queue.example.org",
 *   dataFolder: "/data",
 *   signal: end.signal,
 *   onEnd: ({ kind, id }, failure) => console.log(kind, id, failure?.message ?? "done"),
 * });
 * console.log(`${done} jobs done, ${failed} failed`);
 * ```
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
  if (dataFolder !== undefined && blobs !== undefined) return;
  throw new UsageError([
    `starting a worker at ${server.name}: found no `,
    anyOf([
      ...(dataFolder === undefined ? ["dataFolder"] as const : []),
      ...(blobs === undefined ? ["blobs"] as const : []),
    ]),
    ", wanted both, as jobs from another machine are not signed; give them, or set " +
    `${SECRET_VARIABLE} here and for the command`,
  ]);
}
