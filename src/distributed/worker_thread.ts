import {
  type Answerer,
  InputError,
  type JobTools,
  type Message,
  Thread,
  WorkerError,
} from "../base/mod.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import { BlobStores } from "./blobs/blob_stores.ts";
import { RefusalError } from "./queue/serve_queue.ts";
import { type ContextSpec, OpenContexts } from "./contexts.ts";
import type { WorkerResources } from "./source_spec.ts";

/** A job, as a thread is asked to do it. */
interface JobRequest {
  readonly resources: Omit<WorkerResources, "blobs">;
  readonly blobs: string;
  readonly kind: string;
  readonly context: ContextSpec;
  readonly input: unknown;
}

/** What the thread is asked: a job, or to close what is open. */
type JobThreadRequest = JobRequest | "close";

type JobAnswer = { readonly output: unknown } | { readonly refusal: Message };

/** Does jobs in a thread of its own: a job that computes without a pause does not keep its worker from saying it is alive. */
export class JobThread {
  readonly #resources: JobRequest["resources"];
  #thread: Thread | undefined;

  /** @param resources What the worker has. */
  constructor(resources: JobRequest["resources"]) {
    this.#resources = resources;
  }

  /**
   * Does a job.
   *
   * @throws {RefusalError} When the worker cannot open what it is to be done with.
   * @throws {WorkerError} When the job ends the thread; the next job has a new one.
   */
  async perform(
    kind: string,
    context: unknown,
    input: unknown,
    { blobs, onProgress }: JobTools & { readonly blobs: BlobStore },
  ): Promise<unknown> {
    this.#thread ??= new Thread("jobs", "for jobs");
    try {
      const answer = await this.#thread.ask(
        {
          resources: this.#resources,
          blobs: blobs.place,
          kind,
          input,
          context: context as ContextSpec,
        } satisfies JobThreadRequest,
        (share) => onProgress(share as number),
      ) as JobAnswer;
      if ("refusal" in answer) throw new RefusalError(new InputError(answer.refusal));
      return answer.output;
    } catch (error) {
      if (error instanceof WorkerError) this.#thread = undefined;
      throw error;
    }
  }

  /** Closes what is open, and ends the thread. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.ask("close" satisfies JobThreadRequest);
    thread?.terminate();
  }
}

/**
 * The other end: opens what jobs are done with, and does them.
 *
 * @returns What a thread does with a request.
 */
export function createJobAnswerer(): Answerer {
  const stores = new BlobStores();
  let contexts: OpenContexts | undefined;
  const close = async () => {
    await contexts?.close();
    await stores.close();
  };
  return async (message, tell): Promise<JobAnswer | void> => {
    const request = message as JobThreadRequest;
    if (request === "close") return await close();
    const { resources, blobs: place, kind, context, input } = request;
    contexts ??= new OpenContexts(resources);
    try {
      const tools = { blobs: await stores.at(place), onProgress: tell };
      return { output: await contexts.perform(kind, context, input, tools) };
    } catch (error) {
      if (error instanceof RefusalError) return { refusal: error.parts };
      throw error;
    }
  };
}
