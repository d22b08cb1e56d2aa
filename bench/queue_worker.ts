/**
 * A worker of `queue_bench.ts`, whose job goes back to the queue soon after it is killed: `queue_worker.ts URL LOCK`.
 *
 * @module
 */
import { runWorker } from "../src/mod.ts";

const [queue, lock] = Deno.args;
await runWorker({
  queue,
  lockMilliseconds: Number(lock),
  signal: new AbortController().signal,
  onReady: () => console.log("ready"),
});
