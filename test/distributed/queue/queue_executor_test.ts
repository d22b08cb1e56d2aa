import { openBlobs } from "../../../src/distributed/blobs/open_blobs.ts";
import { QueueExecutor } from "../../../src/distributed/queue/queue_executor.ts";
import { serveQueue } from "../../../src/distributed/queue/serve_queue.ts";
import {
  contractHandlers,
  executorContract,
  type Ledger,
  type OpenedExecutor,
} from "../../base/jobs/executor_contract.ts";
import { RedisServer, testWithRedis } from "./redis_server.ts";

/** A server, one worker and an executor. */
async function openQueue(): Promise<OpenedExecutor> {
  const redis = await RedisServer.start();
  const folder = await Deno.makeTempDir();
  const ledger: Ledger = { begun: [] };
  const controller = new AbortController();
  const { server } = redis;
  const serving = serveQueue({
    server,
    signal: controller.signal,
    perform: (kind, _, input, tools) => contractHandlers[kind](ledger, input, tools),
  });
  const blobs = await openBlobs(folder);
  const executor = await QueueExecutor.open({
    server,
    blobs,
    context: {},
    backoffMilliseconds: 10,
  });
  const close = async () => {
    await executor.close();
    controller.abort();
    await serving;
    await redis.close();
    await Deno.remove(folder, { recursive: true });
  };
  return { executor, ledger, close };
}

executorContract("QueueExecutor", openQueue, testWithRedis);
