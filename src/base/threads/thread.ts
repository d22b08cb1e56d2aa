import { Worker } from "node:worker_threads";
import { InputError, WorkerError } from "../errors.ts";
import { option } from "../message.ts";
import { type ErrorRecord, reviveError } from "./error_record.ts";

/** What a thread does: `src/thread.ts` has the code of each role. */
export type ThreadRole = "replica" | "comparison" | "runtime" | "jobs";

/** What a thread is started with, and the threads of others are not. */
export interface ThreadData {
  readonly secateurRole: ThreadRole;
}

/**
 * What a thread is sent: its only key is the number of the request, its value what is asked, which is cloned. It is a map since
 * Deno looks for ports in all that `node:worker_threads` receives, in typed arrays too, whose elements it lists by name: that
 * takes 100 ns and 30 bytes for each. In maps it does not look.
 */
export type ThreadRequest = ReadonlyMap<number, unknown>;

/** What it answers, and what it tells of its work before. */
export type ThreadAnswer =
  | { readonly id: number; readonly progress: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorRecord };

/** A thread that answers requests. */
export class Thread {
  /** The script of all threads, src/thread.ts. A bundle, where all modules are one file, puts itself in its place. */
  static script?: URL;
  /** How many were started so far. */
  static started = 0;

  readonly #worker: Worker;
  readonly #place: string;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Map<number, (progress: unknown) => void>();
  #failure: Error | undefined;
  #nextId = 0;

  /**
   * Starts it.
   *
   * @param role What it does.
   * @param place Which of the threads it is, for messages.
   */
  constructor(role: ThreadRole, place: string) {
    this.#place = place;
    Thread.started++;
    // Not before it is needed: in a browser a module can have a blob: address, beside which there is nothing.
    const script = Thread.script ?? new URL("../../thread.ts", import.meta.url);
    this.#worker = new Worker(script, {
      name: `secateur ${place}`,
      workerData: { secateurRole: role } satisfies ThreadData,
    });
    this.#worker.on("message", (answer: ThreadAnswer) => {
      if ("progress" in answer) return this.#listeners.get(answer.id)?.(answer.progress);
      this.#listeners.delete(answer.id);
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ("error" in answer) pending?.reject(reviveError(answer.error));
      else pending?.resolve(answer.value);
    });
    this.#worker.on("error", (error) => this.#fail(this.#describeDeath(error)));
    this.#worker.on("messageerror", () => {
      this.#fail(this.#describeEnd("it gave an answer that cannot be read"));
    });
    this.#worker.on("exit", () => this.#fail(this.#describeEnd("it ended without an error")));
  }

  /**
   * Asks it.
   *
   * @param request Anything that can be cloned.
   * @param onProgress Called with what the thread reports of its work.
   * @param moved Memory of the request that changes threads rather than being copied.
   * @returns What it answers.
   * @throws {WorkerError} When the thread has ended, or ends before it answers.
   */
  async ask(
    request: unknown,
    onProgress?: (progress: unknown) => void,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    const id = this.#nextId++;
    if (onProgress) this.#listeners.set(id, onProgress);
    this.#worker.postMessage(new Map([[id, request]]) satisfies ThreadRequest, moved);
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    return await pending.promise;
  }

  /** Ends it; what was asked stays without an answer. */
  terminate(): void {
    this.#worker.removeAllListeners("exit");
    this.#worker.terminate();
  }

  /** The first failure stays. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  #describeDeath(error: unknown): Error {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return message.includes("read access")
      ? new InputError([
        "starting a worker thread: it may not read Secateur's own folder; " +
        "grant --allow-read for it, or use ",
        option("workers"),
        " 1",
      ])
      : this.#describeEnd(`it died of ${name}: ${message}`);
  }

  #describeEnd(what: string): WorkerError {
    return new WorkerError(
      `running worker thread ${this.#place}: ${what}; give the same command again`,
    );
  }
}
