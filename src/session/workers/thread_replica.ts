import { Thread } from "../../base/mod.ts";
import type { ReplicaAnswer, ReplicaArguments, ReplicaMethod, ReplicaRequest } from "./messages.ts";
import { Replica, type ReplicaSpec } from "./replica.ts";

/** A replica in a thread of its own. */
export class ThreadReplica {
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
