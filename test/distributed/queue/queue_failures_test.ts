import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Job } from "../../../src/base/jobs/job.ts";
import { openBlobs } from "../../../src/distributed/blobs/open_blobs.ts";
import {
  QueueExecutor,
  type QueueExecutorOptions,
} from "../../../src/distributed/queue/queue_executor.ts";
import { serveQueue } from "../../../src/distributed/queue/serve_queue.ts";
import { RedisServer, testWithRedis } from "./redis_server.ts";

const LOCK_MILLISECONDS = 600;

/** A worker in another process. */
class ChildWorker {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #said = "";

  constructor({ url }: RedisServer) {
    const script = fileURLToPath(new URL("child_worker.ts", import.meta.url));
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-check", "--allow-read", "--allow-env"],
        ...["--allow-net=127.0.0.1", script, url, `${LOCK_MILLISECONDS}`],
      ],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Waits until it has said a line. */
  async says(line: string): Promise<void> {
    while (!this.#said.split("\n").includes(line)) {
      const { value, done } = await this.#reader.read();
      assert.ok(!done, `the worker ended without saying ${line}`);
      this.#said += value;
    }
  }

  send(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.send("SIGKILL");
    await this.#process.status;
    await this.#reader.cancel();
  }
}

/** Jobs that all take some time. */
function delays(...milliseconds: number[]): Job[] {
  return milliseconds.map((each) => ({
    kind: "wait",
    key: `${each}`,
    input: { milliseconds: each },
  }));
}

interface Scene {
  readonly redis: RedisServer;
  open(more?: Partial<QueueExecutorOptions>): Promise<QueueExecutor>;
  startWorker(): Promise<ChildWorker>;
}

/** A test with a server, whose workers and executors end with it. */
function queueTest(name: string, body: (scene: Scene) => Promise<void>): void {
  testWithRedis(name, async () => {
    const redis = await RedisServer.start();
    const folder = await Deno.makeTempDir();
    await using ends = new AsyncDisposableStack();
    ends.defer(async () => {
      await redis.close();
      await Deno.remove(folder, { recursive: true });
    });
    await body({
      redis,
      open: async (more) => {
        const executor = await QueueExecutor.open({
          server: redis.server,
          blobs: await openBlobs(folder),
          context: {},
          backoffMilliseconds: 10,
          ...more,
        });
        ends.defer(() => executor.close());
        return executor;
      },
      startWorker: async () => {
        const worker = new ChildWorker(redis);
        ends.defer(() => worker.kill().catch(() => {}));
        await worker.says("ready");
        return worker;
      },
    });
  });
}

queueTest("the job of a worker that is killed is done by another", async (scene) => {
  const [first, second] = await Promise.all([scene.startWorker(), scene.startWorker()]);
  const executor = await scene.open();
  const run = executor.run<number>(delays(1500, 1501, 10, 11));
  await Promise.all([first.says("begin"), second.says("begin")]);
  await first.kill();
  const outcomes = await run;
  const doneBy = outcomes.map((outcome) => outcome.status === "done" && outcome.output);
  assert.deepEqual(doneBy, Array(4).fill(second.pid), "the killed one answered nothing");
});

queueTest("a job that two workers do is done once for who asked", async (scene) => {
  const executor = await scene.open();
  const first = await scene.startWorker();
  const ended: number[] = [];
  const run = executor.run<number>(delays(500, 10), { onEnd: (index) => ended.push(index) });
  await first.says("begin");
  first.send("SIGSTOP");
  const second = await scene.startWorker();
  const outcomes = await run;
  assert.deepEqual(outcomes, Array(2).fill({ status: "done", output: second.pid }));
  first.send("SIGCONT");
  await first.says("end");
  assert.deepEqual(await executor.run(delays(500, 10)), outcomes);
  assert.deepEqual(ended.toSorted(), [0, 1]);
});

queueTest("a server that is started again goes on where it was", async (scene) => {
  const executor = await scene.open();
  await scene.startWorker();
  const run = executor.run<number>(delays(700, 701, 50, 51));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await scene.redis.stop();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await scene.redis.launch();
  const outcomes = await run;
  assert.deepEqual(outcomes.map(({ status }) => status), Array(4).fill("done"));
});

queueTest("a server that has forgotten everything is told the jobs again", async (scene) => {
  const executor = await scene.open();
  await scene.startWorker();
  const run = executor.run<number>(delays(700, 701, 50, 51));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await scene.redis.stop();
  await scene.redis.wipe();
  await scene.redis.launch();
  const outcomes = await run;
  assert.deepEqual(outcomes.map(({ status }) => status), Array(4).fill("done"));
});

queueTest("a server that stays away ends the run with what to do", async (scene) => {
  const executor = await scene.open({ patienceMilliseconds: 300 });
  const run = executor.run(delays(700));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await scene.redis.stop();
  await assert.rejects(run, {
    name: "InputError",
    message: /^waiting for the queue at redis:\/\/127\.0\.0\.1:\d+\/0: .*start it again/,
  });
});

queueTest("who waits without workers is told so", async ({ open, startWorker }) => {
  const notices: string[] = [];
  const executor = await open({ onNotice: (notice) => notices.push(notice) });
  const run = executor.run(delays(1));
  await startWorker();
  await run;
  assert.match(
    notices.join(),
    /^no worker waits at redis:.* yet; start some, by the command `worker` or runWorker$/,
  );
});

queueTest("a run that was given up leaves its answers to the next one", async (scene) => {
  const executor = await scene.open();
  const worker = await scene.startWorker();
  const controller = new AbortController();
  const { signal } = controller;
  const onEnd = () => controller.abort(new Error("enough"));
  await assert.rejects(executor.run(delays(1, 5000), { signal, onEnd }), /enough/);
  await worker.kill();
  const [outcome] = await (await scene.open()).run<number>(delays(1));
  assert.equal(outcome.status, "done");
});

queueTest("a worker ends after the job in hand", async ({ redis, open }) => {
  const executor = await open();
  const controller = new AbortController();
  const done: number[] = [];
  const serving = serveQueue({
    server: redis.server,
    signal: controller.signal,
    onBegin: () => controller.abort(),
    perform: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return done.push(1);
    },
  });
  const aborted = new AbortController();
  const run = executor.run(delays(1, 2, 3), { signal: aborted.signal });
  await serving;
  aborted.abort(new Error("nobody is left"));
  await assert.rejects(run, /nobody is left/);
  assert.equal(done.length, 1);
});

queueTest(
  "a worker says once that its server is away, and goes on when it is back",
  async (scene) => {
    const { redis, open } = scene;
    const controller = new AbortController();
    const [ready, away] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const notices: string[] = [];
    const serving = serveQueue({
      server: redis.server,
      signal: controller.signal,
      onReady: ready.resolve,
      onNotice: (notice) => {
        notices.push(notice);
        away.resolve(notice);
      },
      perform: () => Promise.resolve("done"),
    });
    await ready.promise;
    await redis.stop();
    assert.match(await away.promise, /^redis:\/\/127\.0\.0\.1:\d+\/0 is away; waiting for it$/);
    await redis.launch();
    const outcomes = await (await open()).run<string>(delays(1));
    assert.deepEqual(outcomes, [{ status: "done", output: "done" }]);
    assert.equal(notices.length, 1);
    controller.abort();
    await serving;
  },
);

queueTest(
  "a worker that is told to end while it is being connected again ends then",
  async ({ redis }) => {
    const controller = new AbortController();
    const [ready, away] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const serving = serveQueue({
      server: redis.server,
      signal: controller.signal,
      onReady: ready.resolve,
      onNotice: () => away.resolve(),
      perform: () => Promise.resolve("done"),
    });
    await ready.promise;
    await redis.stop();
    await away.promise;
    await redis.launch();
    controller.abort();
    await serving;
  },
);
