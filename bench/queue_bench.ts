/**
 * A search at a queue: what the queue costs, what a second worker brings, and whether workers that are killed change the
 * answer. Needs `redis-server`, and two cores for the second question.
 *
 *     deno run --allow-all bench/queue_bench.ts overhead [jobs]
 *     deno run --allow-all bench/queue_bench.ts speed [roll-outs]
 *     deno run --allow-all bench/queue_bench.ts kills [roll-outs] [kills] [images]
 *
 * `overhead` posts jobs that do nothing, one at a time and eight together. `speed` searches with one worker process of one
 * thread, then with two. `kills` searches undisturbed, then again while workers get SIGKILL at random moments and others
 * take their places; both must give the same network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openBlobs } from "../src/distributed/blobs/open_blobs.ts";
import { QueueExecutor } from "../src/distributed/queue/queue_executor.ts";
import { serveQueue } from "../src/distributed/queue/serve_queue.ts";
import { AUTO_DEFAULTS, type PruneResult } from "../src/mod.ts";
import { prune } from "../src/api/prune.ts";
import { createRandom } from "../src/base/random.ts";
import { RedisServer } from "../test/distributed/queue/redis_server.ts";
import { formatTable } from "./timing.ts";

const MODEL = "cli/example/resnet8-fashion-mnist",
  DATA = "cli/example/fashion-mnist",
  ROOT = fileURLToPath(new URL("../", import.meta.url)),
  LOCK_MILLISECONDS = 3000,
  PROPOSALS = 8,
  SEED = 7,
  /** Seconds between two kills, on average: a worker needs some to open model and images. */
  KILL_SECONDS = 2;

/** A worker process that waits for jobs. */
async function startWorker(url: string): Promise<Deno.ChildProcess> {
  const worker = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "bench/queue_worker.ts", url, `${LOCK_MILLISECONDS}`],
    cwd: ROOT,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = worker.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return worker;
}

async function stopWorker(worker: Deno.ChildProcess): Promise<void> {
  worker.kill("SIGKILL");
  await worker.stdout.cancel();
  await worker.status;
}

async function withRedis<Result>(
  run: (redis: RedisServer, blobs: string) => Promise<Result>,
): Promise<Result> {
  const redis = await RedisServer.start("--appendfsync", "everysec");
  const blobs = await Deno.makeTempDir();
  try {
    return await run(redis, blobs);
  } finally {
    await redis.close();
    await Deno.remove(blobs, { recursive: true });
  }
}

/** How large a search is. */
interface Size {
  readonly rollouts: number;
  /** Images that roll-outs are measured on. */
  readonly images: number;
}

/** A search with some workers, which end with it; what else happens meanwhile is the caller's. */
async function search(
  { rollouts, images }: Size,
  workers: number,
  disturb: (workers: Deno.ChildProcess[], url: string, signal: AbortSignal) => Promise<void> =
    async () => {},
): Promise<{ result: PruneResult; seconds: number }> {
  return await withRedis(async ({ url }, blobs) => {
    const fleet = await Promise.all(Array.from({ length: workers }, () => startWorker(url)));
    const end = new AbortController();
    const disturbing = disturb(fleet, url, end.signal);
    const result = await prune({
      model: `${ROOT}${MODEL}`,
      data: `${ROOT}${DATA}`,
      workers: 1,
      batches: 10,
      seed: SEED,
      policy: {
        kind: "auto",
        share: 0.5,
        images,
        finalists: 2,
        search: { rollouts, rolloutsMin: Math.ceil(rollouts / 4), proposals: PROPOSALS },
      },
      queue: { url, blobs },
    });
    end.abort();
    await disturbing;
    await Promise.all(fleet.map(stopWorker));
    return { result, seconds: result.report.seconds.search };
  });
}

async function measureOverhead(count: number): Promise<void> {
  await withRedis(async ({ server }, folder) => {
    const end = new AbortController();
    const serving = serveQueue({
      server,
      signal: end.signal,
      perform: () => Promise.resolve(null),
    });
    const blobs = await openBlobs(folder);
    const executor = await QueueExecutor.open({ server, blobs, context: {} });
    const rows: Record<string, string>[] = [];
    for (const together of [1, PROPOSALS]) {
      const start = performance.now();
      for (let first = 0; first < count; first += together) {
        await executor.run(Array.from({ length: together }, (_, index) => ({
          kind: "nothing",
          key: `${together} ${first + index}`,
          input: Array(20).fill(16),
        })));
      }
      const each = (performance.now() - start) / count;
      rows.push({ together: `${together}`, jobs: `${count}`, "ms a job": each.toFixed(2) });
    }
    await executor.close();
    end.abort();
    await serving;
    console.log(formatTable(rows));
  });
}

async function measureSpeed(size: Size): Promise<void> {
  const one = await search(size, 1);
  const two = await search(size, 2);
  assertSame(one.result, two.result);
  console.log(formatTable([one, two].map(({ seconds }, index) => ({
    workers: `${index + 1}`,
    "search s": seconds.toFixed(1),
    times: (one.seconds / seconds).toFixed(2),
  }))));
}

async function killWorkers(size: Size, wanted: number): Promise<void> {
  const undisturbed = await search(size, 2);
  const random = createRandom(SEED);
  let kills = 0;
  const disturbed = await search(size, 2, async (fleet, url, signal) => {
    while (kills < wanted) {
      await wait(2000 * KILL_SECONDS * random(), signal);
      if (signal.aborted) return;
      const victim = Math.floor(random() * fleet.length);
      await stopWorker(fleet[victim]);
      kills++;
      fleet[victim] = await startWorker(url);
    }
  });
  assertSame(undisturbed.result, disturbed.result);
  console.log(formatTable([[0, undisturbed] as const, [kills, disturbed] as const].map(
    ([number, { seconds, result: { report } }]) => ({
      kills: `${number}`,
      "roll-outs": `${size.rollouts}`,
      "search s": seconds.toFixed(1),
      winner: `${report.search!.winner}`,
    }),
  )));
  console.log("the same network and the same search");
}

/** The same weights, and the same networks tried with the same figures; the time that each took aside. */
function assertSame(first: PruneResult, second: PruneResult): void {
  const [a, b] = [first, second].map(({ file, log, report }) => ({
    weights: [...file.weights.values()],
    tried: log!.rollouts.map(({ seconds: _, ...rollout }) => rollout),
    failures: report.search!.failures,
  }));
  assert.deepEqual(a, b);
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const [task, ...numbers] = Deno.args;
const [count, more, images = AUTO_DEFAULTS.images] = numbers.map(Number);
switch (task) {
  case "overhead":
    await measureOverhead(count || 200);
    break;
  case "speed":
    await measureSpeed({ rollouts: count || 64, images });
    break;
  case "kills":
    await killWorkers({ rollouts: count || 200, images }, more || 50);
    break;
  default:
    console.error("wanted overhead, speed or kills");
    Deno.exit(2);
}
