import { InputError, WorkerError } from "../errors.ts";
import { watchLifeline } from "./lifeline.ts";
import {
  reviveError,
  type StationAnswer,
  type StationArguments,
  type StationMethod,
  type WorkerRequest,
  type WorkerResponse,
} from "./messages.ts";
import type { StationSpec } from "./station.ts";

/** A request without its number, which tells the answers apart. */
type Unnumbered<Request> = Request extends unknown ? Omit<Request, "id"> : never;

/** An error on its way from a thread that has ended arrives within this time. */
const LAST_WORDS_MS = 200;

/** A station in a thread of its own. */
export class RemoteStation {
  readonly #worker: Worker;
  readonly #place: string;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ending = new AbortController();
  #failure: Error | undefined;
  #nextId = 0;

  /**
   * Starts the thread.
   *
   * @param place Which of the threads it is, for messages.
   */
  constructor(place: string) {
    this.#place = place;
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: place,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerResponse>) => {
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if ("error" in data) pending?.reject(reviveError(data.error));
      else pending?.resolve(data.value);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        event.message.includes("read access")
          ? new InputError(
            "starting a worker thread: it may not read Secateur's own folder; " +
              "grant --allow-read for it, or use --workers 1",
          )
          : this.#describeEnd(
            `it died of ${event.message.replace(/^Uncaught (\(in promise\) )?/, "")}`,
          ),
      );
    };
    this.#worker.onmessageerror = () =>
      this.#fail(this.#describeEnd("it gave an answer that cannot be read"));
  }

  /** Opens its station. */
  async open(spec: StationSpec): Promise<void> {
    const lifeline = crypto.randomUUID();
    await this.#send({ lifeline });
    watchLifeline(lifeline, this.#ending.signal, () => {
      setTimeout(() => this.#fail(this.#describeEnd("it ended without an error")), LAST_WORDS_MS);
    });
    await this.#send({ open: spec });
  }

  /**
   * Asks its station.
   *
   * @throws {WorkerError} When the thread has ended, or ends before it answers.
   */
  call<Name extends StationMethod>(
    method: Name,
    ...args: StationArguments<Name>
  ): Promise<StationAnswer<Name>> {
    return this.#send({ method, args }) as Promise<StationAnswer<Name>>;
  }

  /** Ends the thread; what was asked stays without an answer. */
  terminate(): void {
    this.#ending.abort();
    this.#worker.terminate();
  }

  async #send(request: Unnumbered<WorkerRequest>): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    const id = this.#nextId++;
    this.#worker.postMessage({ id, ...request });
    const pending = Promise.withResolvers<unknown>();
    this.#pending.set(id, pending);
    return await pending.promise;
  }

  /** The first failure stays. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  #describeEnd(what: string): WorkerError {
    return new WorkerError(
      `running worker thread ${this.#place}: ${what}; give the same command again`,
    );
  }
}
