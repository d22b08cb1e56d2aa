import type { BlobStore } from "./blobs/blob_store.ts";
import type { JobHandlers, JobTools } from "../base/mod.ts";
import { TRIAL_HANDLERS } from "../pruning/mod.ts";
import { SHARD_HANDLERS } from "./shard_work.ts";
import { openSource, type SourceSpec, type WorkerMeans } from "./source_spec.ts";
import { openTrials, type TrialSpec } from "./trial_spec.ts";

/** What jobs are done with, as it goes through the queue. */
export type ContextSpec =
  | { readonly work: "shards"; readonly spec: SourceSpec }
  | { readonly work: "trials"; readonly spec: TrialSpec }
  | { readonly work: "runs" };

/** A context that is open. */
interface OpenContext {
  perform(kind: string, input: unknown, tools: JobTools): Promise<unknown>;
  close(): Promise<void>;
}

/** Contexts that stay open: jobs of several runs may come in turns. */
const MOST_OPEN = 2;

/** Does jobs of any kind; model, images and statistics are opened once for all jobs of a run. */
export class OpenContexts {
  readonly #means: Omit<WorkerMeans, "blobs">;
  readonly #runHandlers: JobHandlers<WorkerMeans>;
  readonly #open = new Map<string, OpenContext>();

  /**
   * @param means What the worker has.
   * @param runHandlers Who does whole runs, which open all that they need themselves.
   */
  constructor(means: Omit<WorkerMeans, "blobs">, runHandlers: JobHandlers<WorkerMeans>) {
    this.#means = means;
    this.#runHandlers = runHandlers;
  }

  /**
   * Does a job.
   *
   * @throws {RefusalError} When the worker cannot open what it is to be done with.
   */
  async perform(
    kind: string,
    context: ContextSpec,
    input: unknown,
    { blobs, ...tools }: JobTools & { readonly blobs: BlobStore },
  ): Promise<unknown> {
    const key = JSON.stringify(context);
    const known = this.#open.get(key);
    this.#open.delete(key);
    if (!known && this.#open.size >= MOST_OPEN) await this.#closeOldest();
    const open = known ?? await openContext(context, { ...this.#means, blobs }, this.#runHandlers);
    this.#open.set(key, open);
    return await open.perform(kind, input, tools);
  }

  /** Closes all. */
  async close(): Promise<void> {
    while (this.#open.size > 0) await this.#closeOldest();
  }

  async #closeOldest(): Promise<void> {
    const [[key, oldest]] = this.#open;
    this.#open.delete(key);
    await oldest.close();
  }
}

async function openContext(
  context: ContextSpec,
  means: WorkerMeans,
  runHandlers: JobHandlers<WorkerMeans>,
): Promise<OpenContext> {
  if (context.work === "trials") {
    const { session, trials } = await openTrials(context.spec, means);
    return {
      perform: (kind, input, tools) => TRIAL_HANDLERS[kind](trials, input, tools),
      close: () => session.close(),
    };
  }
  if (context.work === "runs") {
    return {
      perform: (kind, input, tools) => runHandlers[kind](means, input, tools),
      close: () => Promise.resolve(),
    };
  }
  const { session, source } = await openSource(context.spec, means);
  const shards = { source, blobs: means.blobs };
  return {
    perform: (kind, input, tools) => SHARD_HANDLERS[kind](shards, input, tools),
    close: () => session.close(),
  };
}
