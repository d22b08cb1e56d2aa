/**
 * `node:worker_threads` as far as the core uses it, by the workers of a browser: the bundles for browsers put this module in
 * its place. A thread is told what it is by its name, which it knows before the first message.
 *
 * @module
 */

/** What the name of a thread holds, as JSON. */
interface ThreadName {
  readonly thread: string;
  readonly workerData: unknown;
}

/** The scope of a worker, in which it talks to the one that started it. */
interface WorkerScope {
  readonly name: string;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = "WorkerGlobalScope" in globalThis ? globalThis as unknown as WorkerScope : undefined;

function readName(text = ""): ThreadName | undefined {
  return text.startsWith("{") ? JSON.parse(text) : undefined;
}

const own = readName(scope?.name);

/** Whether no {@link Worker} of this module started this one. */
export const isMainThread = own === undefined;

/** What this thread was started with. */
export const workerData = own?.workerData ?? null;

/** The one that started this thread. */
export const parentPort = own === undefined ? null : {
  on: (_event: "message", listener: (message: unknown) => void) =>
    scope!.addEventListener("message", ({ data }) => listener(data)),
  postMessage: (message: unknown, transfer: Transferable[] = []) =>
    scope!.postMessage(message, transfer),
};

/** A thread. */
export class Worker {
  readonly #worker: globalThis.Worker;

  constructor(script: URL, { name, workerData }: { name: string; workerData: unknown }) {
    const told = JSON.stringify({ thread: name, workerData } satisfies ThreadName);
    this.#worker = new globalThis.Worker(script, { name: told, type: "module" });
  }

  /** Listens to what the thread says and what becomes of it; that it ended, browsers do not say. */
  on(event: string, listener: (news: unknown) => void): void {
    if (event === "message") {
      this.#worker.addEventListener("message", ({ data }) => listener(data));
    } else if (event === "error") {
      this.#worker.addEventListener("error", (failure) => {
        failure.preventDefault();
        listener(new Error(failure.message || "its script could not be started"));
      });
    } else if (event === "messageerror") this.#worker.addEventListener("messageerror", listener);
  }

  removeAllListeners(): void {}

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
