/**
 * A worker in a process of its own, which may be killed: `child_worker.ts URL LOCK_MILLISECONDS`. It says `ready`, and the
 * kind of every job that it begins, in lines.
 *
 * @module
 */
import { readQueueUrl, serveQueue } from "../../src/jobs/mod.ts";

const [url, lock] = Deno.args;

/** What a job is asked to do with its time. */
interface Delay {
  readonly milliseconds: number;
}

const HANDLERS: Readonly<Record<string, (delay: Delay) => Promise<unknown>>> = {
  /** Gives way. */
  wait: async ({ milliseconds }) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return Deno.pid;
  },
  /** Gives no way: the lock of the job cannot be renewed. */
  block: ({ milliseconds }) => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
    return Promise.resolve(Deno.pid);
  },
};

await serveQueue({
  server: readQueueUrl(url),
  signal: new AbortController().signal,
  lockMilliseconds: Number(lock),
  perform: (kind, _, input) => HANDLERS[kind](input as Delay),
  onReady: () => console.log("ready"),
  onBegin: ({ kind }) => console.log(kind),
});
