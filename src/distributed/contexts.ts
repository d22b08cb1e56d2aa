import type { BlobStore } from "./blobs/blob_store.ts";
import type { JobTools } from "../base/mod.ts";
import { TRIAL_HANDLERS } from "../pruning/mod.ts";
import { RUN_SCHEMA } from "./run_input.ts";
import { RUN_HANDLERS } from "./run_job.ts";
import {
  type FieldsOf,
  listOf,
  objectOf,
  oneOf,
  positive,
  type Schema,
  text,
  variantOf,
} from "./schema.ts";
import { SHARD_HANDLERS, SHARD_SCHEMA } from "./shard_work.ts";
import { openSource, SOURCE_FIELDS, type SourceSpec, type WorkerResources } from "./source_spec.ts";
import { openTrials, TRIAL_FIELDS, type TrialSpec } from "./trial_spec.ts";

/** What jobs are done with, as it goes through the queue. */
export type ContextSpec =
  | { readonly kind: "shards"; readonly spec: SourceSpec }
  | { readonly kind: "trials"; readonly spec: TrialSpec }
  | { readonly kind: "runs" };

/** A context that is open. */
interface OpenContext {
  perform(kind: string, input: unknown, tools: JobTools): Promise<unknown>;
  close(): Promise<void>;
}

type ContextOf<Kind> = Extract<ContextSpec, { readonly kind: Kind }>;

const RUNS = { kind: text } satisfies FieldsOf<ContextOf<"runs">>;

const SHARDS = {
  kind: text,
  spec: objectOf(SOURCE_FIELDS),
} satisfies FieldsOf<ContextOf<"shards">>;

const TRIALS = {
  kind: text,
  spec: objectOf(TRIAL_FIELDS),
} satisfies FieldsOf<ContextOf<"trials">>;

const CONTEXT = variantOf(
  new Map<ContextSpec["kind"], Schema>([
    ["runs", objectOf(RUNS)],
    ["shards", objectOf(SHARDS)],
    ["trials", objectOf(TRIALS)],
  ]),
);

/** What the jobs of a context are given, by their kind. */
const INPUTS: Readonly<Record<ContextSpec["kind"], ReadonlyMap<string, Schema>>> = {
  runs: new Map([["run", RUN_SCHEMA]]),
  shards: new Map([["calibration", SHARD_SCHEMA]]),
  trials: new Map(Object.keys(TRIAL_HANDLERS).map((kind) => [kind, listOf(positive)])),
};

/** Contexts that stay open: jobs of several runs may come in turns. */
const MOST_OPEN = 2;

/** Does jobs of any kind; model, images and statistics are opened once for all jobs of a run. */
export class OpenContexts {
  readonly #resources: Omit<WorkerResources, "blobs">;
  readonly #open = new Map<string, OpenContext>();

  /** @param resources What the worker has. */
  constructor(resources: Omit<WorkerResources, "blobs">) {
    this.#resources = resources;
  }

  /**
   * Does a job.
   *
   * @throws {InputError} When it is no job as Secateur posts them; nothing has been opened then.
   * @throws {RefusalError} When the worker cannot open what it is to be done with.
   */
  async perform(
    kind: string,
    context: ContextSpec,
    input: unknown,
    { blobs, ...tools }: JobTools & { readonly blobs: BlobStore },
  ): Promise<unknown> {
    checkJob(kind, context, input);
    const key = JSON.stringify(context);
    const known = this.#open.get(key);
    this.#open.delete(key);
    if (!known && this.#open.size >= MOST_OPEN) await this.#closeOldest();
    const open = known ?? await openContext(context, { ...this.#resources, blobs });
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
  resources: WorkerResources,
): Promise<OpenContext> {
  if (context.kind === "trials") {
    const { session, trials } = await openTrials(context.spec, resources);
    return {
      perform: (kind, input, tools) => TRIAL_HANDLERS[kind](trials, input, tools),
      close: async () => {
        trials.context.original.release();
        await session.close();
      },
    };
  }
  if (context.kind === "runs") {
    return {
      perform: (kind, input, tools) => RUN_HANDLERS[kind](resources, input, tools),
      close: () => Promise.resolve(),
    };
  }
  const { session, source } = await openSource(context.spec, resources);
  const shards = { source, blobs: resources.blobs };
  return {
    perform: (kind, input, tools) => SHARD_HANDLERS[kind](shards, input, tools),
    close: () => session.close(),
  };
}

/** Refuses a job with a value of another kind, or with a field that no job has, such as a path of the worker. */
function checkJob(kind: string, context: ContextSpec, input: unknown): void {
  CONTEXT(context, "context");
  const inputs = INPUTS[context.kind];
  oneOf(...inputs.keys())(kind, "kind");
  inputs.get(kind)!(input, "input");
}
