import { Thread } from "../../base/mod.ts";
import type { StationAnswer, StationArguments, StationMethod, StationRequest } from "./messages.ts";
import { Station, type StationSpec } from "./station.ts";

/** A station in a thread of its own. */
export class RemoteStation {
  readonly #thread: Thread;

  /**
   * Starts the thread.
   *
   * @param place Which of the threads it is, for messages.
   */
  constructor(place: string) {
    this.#thread = new Thread("station", place);
  }

  /** Opens its station. */
  async open(spec: StationSpec): Promise<void> {
    await this.#thread.ask({ open: spec } satisfies StationRequest);
  }

  /**
   * Asks its station.
   *
   * @throws {WorkerError} When the thread has ended, or ends before it answers.
   */
  async call<Name extends StationMethod>(
    method: Name,
    ...args: StationArguments<Name>
  ): Promise<StationAnswer<Name>> {
    const answer = await this.#thread.ask({ method, args } satisfies StationRequest);
    return answer as StationAnswer<Name>;
  }

  /** Lets it end what it is at; whoever asked for that hears of it. */
  stop(): void {
    this.call("stop").catch(() => {});
  }

  /** Ends the thread; what was asked stays without an answer. */
  terminate(): void {
    this.#thread.terminate();
  }
}

/**
 * The other end: a station that is opened by the first request and answers those behind it.
 *
 * @returns What a thread does with a request.
 */
export function createStationAnswerer(): (request: unknown) => Promise<unknown> {
  let station: Station | undefined;
  return async (message) => {
    const request = message as StationRequest;
    if ("open" in request) {
      station = await Station.open(request.open);
      return undefined;
    }
    if (request.method !== "stop") station!.resume();
    const method = station![request.method] as (...args: unknown[]) => Promise<unknown>;
    return await method.apply(station, [...request.args]);
  };
}
