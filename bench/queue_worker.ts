/**
 * A worker of `queue_bench.ts`, whose job goes back to the queue soon after it is killed: `queue_worker.ts URL LOCK`.
 *
 * @module
 */
import { work } from "../src/mod.ts";

const [queue, lock] = Deno.args;
await work({
  queue,
  lockMilliseconds: Number(lock),
  signal: new AbortController().signal,
  onReady: () => console.log("ready"),
});
