/**
 * A worker in a process of its own, which may be killed: `child_worker.ts URL LOCK_MILLISECONDS`. It waits as long as a
 * job says, and says `ready`, and `begin` and `end` for every job, in lines.
 *
 * @module
 */
import { readQueueUrl } from "../../../src/distributed/queue/queue_server.ts";
import { serveQueue } from "../../../src/distributed/queue/serve_queue.ts";

const [url, lock] = Deno.args;

await serveQueue({
  server: readQueueUrl(url),
  signal: new AbortController().signal,
  lockMilliseconds: Number(lock),
  perform: async (_kind, _context, input) => {
    const { milliseconds } = input as { milliseconds: number };
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return Deno.pid;
  },
  onReady: () => console.log("ready"),
  onBegin: () => console.log("begin"),
  onEnd: () => console.log("end"),
});
