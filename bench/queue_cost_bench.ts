/**
 * What a search and a calibration at a queue cost beside the work itself, for `bench/queue_simulation.ts`.
 *
 *     deno run --allow-all bench/queue_cost_bench.ts COSTS.json [STATISTICS]
 *
 * Agent: proposing and learning, for every roll-out, on a chain of 22 units as wide as ResNet-20's. Server: processor time of
 * `redis-server`, appending every write to disk, for every job. Worker: the rest of a job that does nothing, done by one
 * worker in a process of its own. With STATISTICS, a file of `calibrate`, also bytes and the time to add such a shard.
 * Needs `redis-server` and `redis-cli`. Everything is measured on this machine; the network is the loopback.
 *
 * @module
 */
import { loadStatistics } from "../src/execution/calibration/statistics_file.ts";
import { mergeStatistics } from "../src/execution/calibration/statistics.ts";
import { openBlobs } from "../src/distributed/blobs/open_blobs.ts";
import { QueueExecutor } from "../src/distributed/queue/queue_executor.ts";
import { oneByOne } from "../src/pruning/policy/auto/measurements.ts";
import { searchCounts } from "../src/pruning/policy/auto/search.ts";
import { RedisServer } from "../test/distributed/queue/redis_server.ts";
import { chainSpace } from "./chain_space.ts";
import type { MeasuredCosts } from "./queue_model.ts";
import { formatTable, spreadOf } from "./timing.ts";

const UNITS = 22, SEED = 1, ROLLOUTS = 120, ROLLOUTS_MIN = 20;
const WARM_UP_JOBS = 50, JOBS = 500;
/** As long as the description of a search that goes with every job. */
const CONTEXT = { filler: "x".repeat(1500) };

const [costsPath, statistics] = Deno.args;

/** Seconds of the agent for a roll-out that it learns from. */
async function measureAgent(): Promise<number> {
  const spent: number[] = [];
  let start = performance.now();
  const options = { share: 0.5, seed: SEED, rollouts: ROLLOUTS, rolloutsMin: ROLLOUTS_MIN };
  await searchCounts(chainSpace(UNITS), options, {
    evaluateAll: oneByOne((counts) => {
      const loss = counts.reduce((sum, count) => sum + 1 / count, 0) / counts.length;
      return Promise.resolve({ error: loss / 2, loss });
    }),
    onRollout: () => {
      spent.push((performance.now() - start) / 1e3);
      start = performance.now();
    },
  });
  return spreadOf(spent.slice(ROLLOUTS_MIN)).median;
}

/** Figures of a server since it was started. */
async function readServer({ port }: RedisServer): Promise<{ seconds: number; bytes: number }> {
  const asked = new Deno.Command("redis-cli", { args: ["-p", `${port}`, "INFO"] });
  const info = new TextDecoder().decode((await asked.output()).stdout);
  const figure = (name: string) => Number(new RegExp(`^${name}:(.*)$`, "m").exec(info)![1]);
  return {
    seconds: figure("used_cpu_user") + figure("used_cpu_sys"),
    bytes: figure("total_net_input_bytes") + figure("total_net_output_bytes"),
  };
}

/** What a job costs that does nothing. */
async function measureQueue(): Promise<Pick<MeasuredCosts, "server" | "worker" | "bytes">> {
  const server = await RedisServer.start();
  const folder = await Deno.makeTempDir();
  const worker = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "test/distributed/queue/child_worker.ts", server.url, "30000"],
    stdout: "null",
  }).spawn();
  const executor = await QueueExecutor.open({
    server: server.server,
    context: CONTEXT,
    blobs: await openBlobs(folder),
  });
  const run = (first: number, count: number) =>
    executor.run(Array.from({ length: count }, (_, index) => ({
      kind: "rollout",
      key: String(first + index),
      input: { milliseconds: 0, counts: new Array(UNITS).fill(32) },
    })));
  try {
    await run(0, WARM_UP_JOBS);
    const before = await readServer(server);
    const start = performance.now();
    await run(WARM_UP_JOBS, JOBS);
    const seconds = (performance.now() - start) / 1e3;
    const after = await readServer(server);
    const [cpu, bytes] = [after.seconds - before.seconds, after.bytes - before.bytes];
    return { server: cpu / JOBS, worker: (seconds - cpu) / JOBS, bytes: bytes / JOBS };
  } finally {
    await executor.close();
    worker.kill("SIGTERM");
    await worker.status;
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** What adding a shard to others costs. */
async function measureShard(path: string): Promise<MeasuredCosts["shard"]> {
  const numbered = async (number: number) => ({
    ...await loadStatistics(path),
    shards: { of: 2, have: [number] },
  });
  const sum = await numbered(1);
  const start = performance.now();
  mergeStatistics([sum, await numbered(2)]);
  const seconds = (performance.now() - start) / 1e3;
  return { seconds, bytes: (await Deno.stat(path)).size };
}

const [agent, queue] = [await measureAgent(), await measureQueue()];
const shard = statistics === undefined ? undefined : await measureShard(statistics);
const costs: MeasuredCosts = { agent, ...queue, ...(shard && { shard }) };
await Deno.writeTextFile(costsPath, `${JSON.stringify(costs, undefined, 2)}\n`);
const inMilliseconds = (seconds: number) => `${(1e3 * seconds).toFixed(2)} ms`;
const rows: [string, string][] = [
  ["agent, a roll-out", inMilliseconds(agent)],
  ["Redis, a job, processor time", inMilliseconds(queue.server)],
  ["messages, a job", inMilliseconds(queue.worker)],
  ["through Redis, a job", `${(queue.bytes / 1e3).toFixed(1)} kB`],
  ...(shard
    ? [
      ["reading and adding a shard", inMilliseconds(shard.seconds)] as [string, string],
      ["statistics of a shard", `${(shard.bytes / 1e6).toFixed(2)} MB`] as [string, string],
    ]
    : []),
];
console.log(formatTable(rows.map(([what, cost]) => ({ what, cost }))));
