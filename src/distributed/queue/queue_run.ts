import type { Queue } from "./bullmq.d.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import type { QueueServer } from "./queue_server.ts";
import type { JobOutcome, RunHooks } from "../../base/mod.ts";
import {
  type Answer,
  type QueuedJob,
  readAnswer,
  readFailure,
  unpackPayload,
} from "./queued_job.ts";

/** A job that has no outcome yet, and its places among those that were asked for. */
export interface OpenJob {
  /** Its kind. */
  readonly kind: string;
  /** As it lies in the queue. */
  readonly data: QueuedJob;
  /** Its places. */
  readonly indices: number[];
}

/** Where answers come from. */
export interface AnswerPlace {
  /** What is too large for the queue. */
  readonly blobs: BlobStore;
  /** The server, with the secret of those whose answers count. */
  readonly server: Pick<QueueServer, "secret">;
}

/** Jobs in a queue, and what has become of them. */
export class QueueRun<Output> {
  /** Kept when all jobs have ended, broken when the run is to end before. */
  readonly finished: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** What became of the jobs, in their places. */
  readonly outcomes: JobOutcome<Output>[] = [];
  readonly #queue: Queue<QueuedJob, Answer>;
  readonly #place: AnswerPlace;
  readonly #open: Map<string, OpenJob>;
  readonly #hooks: RunHooks<Output>;
  #isPosted = false;

  /**
   * @param queue The queue.
   * @param place What is too large for it, and the secret of whoever answers.
   * @param jobs The jobs by their names in the queue.
   * @param hooks Callbacks and interruption.
   */
  constructor(
    queue: Queue<QueuedJob, Answer>,
    place: AnswerPlace,
    jobs: ReadonlyMap<string, OpenJob>,
    hooks: RunHooks<Output>,
  ) {
    this.#queue = queue;
    this.#place = place;
    this.#open = new Map(jobs);
    this.#hooks = hooks;
  }

  /** Names of the jobs that have no outcome. */
  get openIds(): string[] {
    return [...this.#open.keys()];
  }

  /** Puts the jobs that have no outcome into the queue, which keeps those that it has, and looks for their outcomes. */
  post(): void {
    this.#isPosted = true;
    this.#orFail(async () => {
      await this.#queue.addBulk(
        [...this.#open].map(([jobId, { kind, data }]) => ({ name: kind, data, opts: { jobId } })),
      );
      await Promise.all(this.openIds.map((id) => this.#settle(id)));
    });
  }

  /** Posts again what a server may have forgotten. */
  postAgain(): void {
    if (this.#isPosted) this.post();
  }

  /** Looks for the outcome of a job, when it is one of these; before they are posted it is that of an earlier run. */
  settle(id: string): void {
    if (this.#isPosted) this.#orFail(() => this.#settle(id));
  }

  /** Tells of a job's progress, when it is one of these. */
  progress(id: string, share: number): void {
    for (const index of this.#open.get(id)?.indices ?? []) this.#hooks.onProgress?.(index, share);
  }

  async #settle(id: string): Promise<void> {
    const outcome = this.#open.has(id) ? await this.#outcomeOf(id) : undefined;
    const job = this.#open.get(id);
    if (outcome === undefined || job === undefined) return;
    this.#open.delete(id);
    for (const index of job.indices) {
      this.outcomes[index] = outcome;
      this.#hooks.onEnd?.(index, outcome);
    }
    if (this.#open.size === 0) this.finished.resolve();
  }

  /** What became of a job; undefined while it has not ended. */
  async #outcomeOf(id: string): Promise<JobOutcome<Output> | undefined> {
    const job = await this.#queue.getJob(id);
    if (job?.finishedOn === undefined) return undefined;
    const { attemptsMade: attempts, failedReason, returnvalue } = job;
    const state = await this.#queue.getJobState(id);
    if (state === "failed") {
      return { status: "failed", error: readFailure(failedReason), attempts };
    }
    // It was taken away between the two questions.
    if (state !== "completed") return undefined;
    try {
      const { blobs, server: { secret } } = this.#place;
      const output = await unpackPayload(readAnswer(secret, id, returnvalue), blobs);
      return { status: "done", output: output as Output };
    } catch (error) {
      // The answer is lost: the next run that asks has it made again.
      await this.#queue.remove(id);
      return { status: "failed", error: error as Error, attempts };
    }
  }

  #orFail(work: () => Promise<void>): void {
    work().catch(this.finished.reject);
  }
}
