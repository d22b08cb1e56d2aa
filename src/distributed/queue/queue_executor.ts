import type { Queue, QueueEvents } from "./bullmq.d.ts";
import {
  type Executor,
  InputError,
  type Job,
  type JobOutcome,
  type RunHooks,
} from "../../base/mod.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { listenToQueue } from "./listen_to_queue.ts";
import {
  type Answer,
  nameJob,
  packPayload,
  type Payload,
  QUEUE_NAME,
  type QueuedJob,
  signJob,
} from "./queued_job.ts";
import { type OpenJob, QueueRun } from "./queue_run.ts";
import { checkQueueServer, loadForQueue, type QueueServer } from "./queue_server.ts";

/** What {@link QueueExecutor} uses where an option is not given. */
const DEFAULTS = {
  attempts: 3,
  backoffMilliseconds: 1000,
  patienceMilliseconds: 60_000,
};

/** Above this, listeners are taken for a leak. */
const MOST_LISTENERS = 10_000;

/** How long answers stay in the queue: the same question is answered from there. */
const KEPT_SECONDS = 24 * 3600;

/** Where jobs are done, and what with. */
export interface QueueExecutorOptions {
  /** The server. */
  readonly server: QueueServer;
  /** What is too large for the queue. */
  readonly blobs: BlobStore;
  /** What workers open their context from: plain data. */
  readonly context: unknown;
  /** How often a job that fails is tried. Default 3. */
  readonly attempts?: number;
  /** Wait before the second attempt, twice as long before every further one. Default 1 s. */
  readonly backoffMilliseconds?: number;
  /** How long the server may be away during a run. Default 60 s. */
  readonly patienceMilliseconds?: number;
  /** Called with what a user should know. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * Has jobs done by whatever workers take them from a queue of BullMQ. A job is called by what it is, so it is in the queue
 * once however often it is posted, and its answer is found there by the next run that asks for the same.
 */
export class QueueExecutor implements Executor {
  readonly attempts: number;
  readonly #options: QueueExecutorOptions & typeof DEFAULTS;
  readonly #context: Payload;
  readonly #queue: Queue<QueuedJob, Answer>;
  readonly #events: QueueEvents;
  #hasLooked = false;

  private constructor(
    options: QueueExecutorOptions & typeof DEFAULTS,
    context: Payload,
    queue: Queue<QueuedJob, Answer>,
    events: QueueEvents,
  ) {
    this.attempts = options.attempts;
    this.#options = options;
    this.#context = context;
    this.#queue = queue;
    this.#events = events;
  }

  /**
   * Connects to the queue.
   *
   * @param options Where jobs are done, and what with.
   * @returns The executor.
   * @throws {InputError} When the server cannot be used.
   */
  static async open(options: QueueExecutorOptions): Promise<QueueExecutor> {
    const settings = { ...DEFAULTS, ...options };
    const { server: { connection }, attempts, backoffMilliseconds: delay } = settings;
    await checkQueueServer(options.server);
    const { Queue, QueueEvents } = await loadForQueue(() =>
      // @ts-types="./bullmq.d.ts"
      import("bullmq")
    );
    const context = await packPayload(options.context, options.blobs);
    const queue = new Queue<QueuedJob, Answer>(QUEUE_NAME, {
      connection,
      defaultJobOptions: {
        attempts,
        backoff: { type: "exponential", delay },
        removeOnComplete: { age: KEPT_SECONDS },
        removeOnFail: { age: KEPT_SECONDS },
        stackTraceLimit: 0,
      },
    });
    // Both report every attempt to connect anew; `run` reports what matters of that.
    queue.on("error", () => {});
    const [seconds] = await (await queue.client).time();
    const events = new QueueEvents(QUEUE_NAME, {
      connection,
      lastEventId: `${Number(seconds) * 1000}-0`,
    });
    events.on("error", () => {});
    await events.waitUntilReady();
    // Many runs may wait at the same time; each of them listens to both.
    for (const emitter of [events, await queue.client]) emitter.setMaxListeners(MOST_LISTENERS);
    return new QueueExecutor(settings, context, queue, events);
  }

  /** Posts jobs, and waits for what becomes of them. */
  async run<Output>(
    jobs: readonly Job[],
    hooks: RunHooks<Output> = {},
  ): Promise<JobOutcome<Output>[]> {
    const { signal } = hooks;
    signal?.throwIfAborted();
    if (jobs.length === 0) return [];
    const posted = await this.#address(jobs);
    const run = new QueueRun(this.#queue, this.#options, posted, hooks);
    const stopListening = await this.#listen(run);
    const cancel = () => run.finished.reject(signal!.reason);
    signal?.addEventListener("abort", cancel);
    try {
      if (signal?.aborted) cancel();
      else this.#begin(run, signal).catch(run.finished.reject);
      await run.finished.promise;
      return run.outcomes;
    } finally {
      stopListening();
      signal?.removeEventListener("abort", cancel);
      await this.#withdraw(run.openIds);
    }
  }

  async #begin(
    run: Pick<QueueRun<unknown>, "openIds" | "post">,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#lookForWorkers();
    await this.#forgetFailures(run.openIds);
    signal?.throwIfAborted();
    run.post();
  }

  /** Leaves the queue and the blobs; answers and jobs that were begun stay there. */
  async close(): Promise<void> {
    await this.#events.close();
    await this.#queue.close();
    await this.#options.blobs.close();
  }

  /** Jobs by their names in the queue. */
  async #address(jobs: readonly Job[]): Promise<Map<string, OpenJob>> {
    const { blobs, context, server: { secret } } = this.#options;
    const open = new Map<string, OpenJob>();
    for (const [index, { kind, key, input }] of jobs.entries()) {
      const id = nameJob(secret, kind, key, context);
      const known = open.get(id);
      known?.indices.push(index);
      if (known) continue;
      const data = {
        blobs: blobs.place,
        context: this.#context,
        input: await packPayload(input, blobs),
      };
      open.set(id, { kind, data: signJob(secret, { id, kind }, data), indices: [index] });
    }
    return open;
  }

  /** What failed in an earlier run is tried anew. */
  async #forgetFailures(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map(async (id) => {
      if (await this.#queue.getJobState(id) === "failed") await this.#queue.remove(id);
    }));
  }

  /** Takes back what nobody has begun. */
  async #withdraw(ids: readonly string[]): Promise<void> {
    if ((await this.#queue.client).status !== "ready") return;
    await Promise.all(ids.map((id) => this.#queue.remove(id).catch(() => {})));
  }

  async #listen(
    run: Pick<QueueRun<unknown>, "settle" | "progress" | "postAgain" | "finished">,
  ): Promise<() => void> {
    const { server: { name }, patienceMilliseconds } = this.#options;
    const seconds = Math.round(patienceMilliseconds / 1000);
    return await listenToQueue(this.#queue, this.#events, {
      onEnd: (id) => run.settle(id),
      onProgress: (id, share) => run.progress(id, share),
      // A server that kept nothing while it was away has forgotten the jobs; to any other this says nothing new.
      onReturn: () => run.postAgain(),
      onLost: () =>
        run.finished.reject(
          new InputError(
            `waiting for the queue at ${name}: found no server for ${seconds} s; ` +
              `start it again, and then the same command`,
          ),
        ),
    }, patienceMilliseconds);
  }

  async #lookForWorkers(): Promise<void> {
    if (this.#hasLooked) return;
    this.#hasLooked = true;
    if (await this.#queue.getWorkersCount() > 0) return;
    const { onNotice, server: { name } } = this.#options;
    onNotice?.(
      `no worker waits at ${name} yet; start some, by the command \`worker\` or runWorker`,
    );
  }
}
