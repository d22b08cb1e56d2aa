import { Thread } from "../../base/mod.ts";
import type { ReplicaAnswer, ReplicaArguments, ReplicaMethod, ReplicaRequest } from "./messages.ts";
import { Replica, type ReplicaSpec } from "./replica.ts";

/** A thread of a pool, which can do something else while its replica has nothing to do. */
export interface PoolThread {
  /**
   * Asks it.
   *
   * @param request Anything that can be cloned, and that what its script has made of it can answer.
   * @param moved Memory of the request that changes threads rather than being copied.
   * @returns What it answers.
   * @throws {WorkerError} When the thread has ended, or ends before it answers.
   */
  ask(request: unknown, moved?: readonly ArrayBuffer[]): Promise<unknown>;
}

/** A replica in a thread of its own. */
export class ThreadReplica implements PoolThread {
  readonly #thread: Thread;

  /**
   * Starts the thread.
   *
   * @param place Which of the threads it is, for messages.
   */
  constructor(place: string) {
    this.#thread = new Thread("replica", place);
  }

  /** Opens its replica. */
  async open(spec: ReplicaSpec): Promise<void> {
    await this.#thread.ask({ open: spec } satisfies ReplicaRequest);
  }

  /**
   * Asks its replica.
   *
   * @throws {WorkerError} When the thread has ended, or ends before it answers.
   */
  async call<Name extends ReplicaMethod>(
    method: Name,
    ...args: ReplicaArguments<Name>
  ): Promise<ReplicaAnswer<Name>> {
    const answer = await this.#thread.ask({ method, args } satisfies ReplicaRequest);
    return answer as ReplicaAnswer<Name>;
  }

  async ask(request: unknown, moved?: readonly ArrayBuffer[]): Promise<unknown> {
    return await this.#thread.ask(request, undefined, moved);
  }

  /** Lets it end what it is at; its caller learns of it. */
  stop(): void {
    this.call("stop").catch(() => {});
  }

  /** Ends the thread; what was asked stays without an answer. */
  terminate(): void {
    this.#thread.terminate();
  }
}

/**
 * The other end: a replica that is opened by the first request and answers those behind it.
 *
 * @returns What a thread does with a request.
 */
export function createReplicaAnswerer(): (request: unknown) => Promise<unknown> {
  let replica: Replica | undefined;
  return async (message) => {
    const request = message as ReplicaRequest;
    if ("open" in request) {
      replica = await Replica.open(request.open);
      return undefined;
    }
    if (request.method !== "stop") replica!.resume();
    const method = replica![request.method] as (...args: unknown[]) => Promise<unknown>;
    return await method.apply(replica, [...request.args]);
  };
}
