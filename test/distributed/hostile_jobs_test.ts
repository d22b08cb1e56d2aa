import assert from "node:assert/strict";
import { openBlobs } from "../../src/distributed/blobs/open_blobs.ts";
import { type ContextSpec, OpenContexts } from "../../src/distributed/contexts.ts";
import { runJob } from "../../src/distributed/run_job.ts";
import { findData } from "../../src/distributed/source_spec.ts";
import { runWorker } from "../../src/distributed/worker.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { openStrangersQueue, RedisServer, testWithRedis } from "./queue/redis_server.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

const HASH = "0123456789abcdef".repeat(4);
const RUNS: ContextSpec = { kind: "runs" };

/** A run that is as it should be but for the blobs, which are nowhere. */
const RUN = {
  options: { policy: { kind: "uniform", ratio: 0.5 }, seed: 3 },
  model: { "model.json": HASH },
  data: "/data/images",
  content: { model: HASH, data: HASH },
};

/** What shards are gathered from, as it should be but for the blobs. */
const SOURCE = {
  identity: {
    version: "1",
    model: HASH,
    data: HASH,
    preprocessing: "{}",
    images: 10,
    pointsPerImage: 2,
    seed: 0,
  },
  model: { "model.json": HASH },
  data: "/data/images",
  sampling: { batchSize: 1, seed: 0, pointsPerImage: 2, memoryBudget: 1e6 },
};

/** What searches are opened from, as it should be but for the blobs. */
const TRIALS = {
  ...SOURCE,
  statistics: HASH,
  shared: "couple",
  select: "obs",
  ridge: 1e-4,
  rules: { skip: [], channelMultiple: 1 },
  images: 10,
  repair: "network",
  networkRepair: { steps: 70 },
};

/** A copy with another value at a path; `undefined` takes it away. */
function change(value: unknown, path: string, other: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(value));
  const names = path.split(".");
  const last = names.pop()!;
  const holder = names.reduce((each, name) => each[name] ??= {}, copy);
  Object.defineProperty(holder, last, { value: other, enumerable: true, configurable: true });
  return JSON.parse(JSON.stringify(copy));
}

/** Runs that are none: what is changed, into what, and what is said of it. */
const STRANGE_RUNS: readonly [path: string, value: unknown, said: RegExp][] = [
  ["options.statistics", "/etc/passwd", /input\.options with "statistics"/],
  ["options.checkpoint", "/home/user", /input\.options with "checkpoint"/],
  ["options.resume", true, /with "resume"/],
  ["options.workers", 1000, /with "workers"/],
  ["options.model", "/etc/passwd", /with "model"/],
  ["options.data", "/etc", /with "data"/],
  ["options.constructor", 1, /with "constructor"/],
  ["options.__proto__", { seed: 4 }, /with "__proto__"/],
  ["options.toString", 1, /with "toString"/],
  ["options.policy", { kind: "constructor" }, /policy\.kind "constructor"/],
  ["options.policy", { kind: "__proto__" }, /policy\.kind "__proto__"/],
  ["options.policy", null, /policy null, wanted an object/],
  ["options.effort", "fast", /input\.options\.effort "fast"/],
  ["options.policy", [], /policy \[\]/],
  ["options.policy", { kind: "uniform", ratio: "0.5" }, /policy\.ratio "0\.5", wanted a number/],
  ["options.policy", { kind: "budget", share: 0.5, latencyTable: "/t" }, /with "latencyTable"/],
  ["options.policy", { kind: "auto", share: 0.5, agent: { width: -1 } }, /agent\.width -1/],
  ["options.tuning", { teacher: "/etc/passwd" }, /teacher "\/etc\/passwd", wanted "original"/],
  ["options.tuning", { teacher: { path: "/etc" } }, /tuning\.teacher/],
  ["options.seed", "1", /seed "1"/],
  ["options.batches", 1.5, /batches 1\.5/],
  ["options.skip", "conv", /skip "conv", wanted a list/],
  ["options.preprocessing", { preset: "raw", file: "/x" }, /preprocessing with "file"/],
  ["options.preprocessing", { exifOrientation: "no" }, /exifOrientation "no", wanted true or/],
  ["options.preprocessing", { classes: "cat" }, /classes "cat", wanted a list/],
  ["options.preprocessing", { inputs: { a: { classes: [] } } }, /inputs\.a with "classes"/],
  ["options.preprocessing", { inputs: { "\u001b[2J": 1 } }, /inputs\["\\u001b\[2J"\]/],
  ["model", { "model.json": "../../outside" }, /model\["model\.json"\] "\.\.\/\.\.\/outside"/],
  ["model", { "model.json": "/etc/passwd" }, /wanted a SHA-256/],
  ["model", { "model.json": HASH.toUpperCase() }, /wanted a SHA-256/],
  ["model", { "../outside": HASH }, /"\.\.\/outside", wanted a plain name/],
  ["model", { "/etc/passwd": HASH }, /wanted a plain name/],
  ["model", { ["a".repeat(5000)]: HASH }, /wanted a plain name/],
  ["model", [HASH], /model \[/],
  ["teacher", { "model.json": "%2e%2e%2foutside" }, /wanted a SHA-256/],
  ["statistics", "/etc/passwd", /statistics "\/etc\/passwd", wanted an object/],
  ["statistics", { blob: "../outside", file: "f" }, /statistics\.blob/],
  ["content", { model: HASH }, /content without data/],
  ["data", 7, /data 7, wanted a text/],
  ["output", "/etc/cron.d/job", /input with "output"/],
];

/** Asks a worker that would say of anything it opens that it did. */
async function ask(kind: string, context: unknown, input: unknown): Promise<unknown> {
  const contexts = new OpenContexts({ threads: 1 });
  const opened: string[] = [];
  const blobs = {
    place: "nowhere",
    fetch: (name: string) => {
      opened.push(name);
      return Promise.reject(new Error("a blob was asked for"));
    },
  };
  try {
    const tools = { blobs: blobs as never, onProgress: () => {} };
    return await contexts.perform(kind, context as ContextSpec, input, tools);
  } finally {
    assert.ok(opened.every((name) => name === HASH), `${opened}`);
    await contexts.close();
  }
}

async function isRefused(promise: Promise<unknown>, said: RegExp): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert.equal(error.name, "InputError", String(error.stack));
    assert.match(error.message, said);
    assert.match(
      error.message,
      /^reading a job from the queue: found .*, wanted .*; have it posted/,
    );
    assert.ok(error.message.length < 600, error.message);
    // deno-lint-ignore no-control-regex -- a terminal would obey them.
    assert.doesNotMatch(error.message, /[\x00-\x1f]/);
    return true;
  });
}

Deno.test("jobs that are as they should be go on to their blobs", async () => {
  for (
    const [kind, context, input] of [
      ["run", RUNS, RUN],
      ["calibration", { kind: "shards", spec: SOURCE }, { number: 1, of: 2 }],
      ["rollout", { kind: "trials", spec: TRIALS }, [3, 4]],
      ["answer", { kind: "trials", spec: TRIALS }, [3, 4]],
    ] as const
  ) await assert.rejects(ask(kind, context, input), /a blob was asked for/);
});

Deno.test("a run with a field that no run has, or a value of another kind, is refused before anything is opened", async () => {
  for (const [path, value, said] of STRANGE_RUNS) {
    await isRefused(ask("run", RUNS, change(RUN, path, value)), said);
  }
});

Deno.test("every other job is held to its fields too", async () => {
  const shards = { kind: "shards", spec: SOURCE };
  const trials = { kind: "trials", spec: TRIALS };
  for (
    const [kind, context, input, said] of [
      ["constructor", RUNS, RUN, /kind "constructor", wanted "run"/],
      ["toString", shards, { number: 1, of: 1 }, /kind "toString"/],
      ["run", shards, RUN, /kind "run", wanted "calibration"/],
      ["run", { kind: "constructor" }, RUN, /context\.kind "constructor"/],
      ["run", { ...RUNS, folder: "/" }, RUN, /context with "folder"/],
      ["run", null, RUN, /context null/],
      ["run", "runs", RUN, /context "runs"/],
      ["calibration", shards, { number: 0, of: 1 }, /input\.number 0/],
      ["calibration", shards, { number: 1, of: 1, out: "/" }, /input with "out"/],
      ["calibration", change(shards, "spec.checkpoint", "/"), { number: 1, of: 1 }, /"checkpoint"/],
      ["calibration", change(shards, "spec.model", { a: "../b" }), { number: 1, of: 1 }, /SHA-256/],
      [
        "calibration",
        change(shards, "spec.sampling.indices", [1]),
        { number: 1, of: 1 },
        /indices/,
      ],
      ["rollout", change(trials, "spec.statistics", "../x"), [1], /spec\.statistics "\.\.\/x"/],
      ["rollout", change(trials, "spec.rules.skip", "x"), [1], /rules\.skip "x"/],
      ["finalist", change(trials, "spec.repair", "x"), [1], /spec\.repair "x"/],
      [
        "answer",
        change(trials, "spec.networkRepair.folder", "/"),
        [1],
        /networkRepair with "folder"/,
      ],
      ["rollout", trials, [0], /input\[0\] 0/],
      ["finalist", trials, { length: 1 }, /input \{/],
    ] as const
  ) await isRefused(ask(kind, context, input), said);
});

Deno.test("a worker with a folder for images reads nothing outside it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/own/images`, { recursive: true });
  await Deno.mkdir(`${folder}/other`);
  assert.equal(await findData("/elsewhere/images", `${folder}/own`), `${folder}/own/images`);
  assert.equal(await findData("C:\\data\\images", `${folder}/own`), `${folder}/own/images`);
  for (
    const data of [
      ...[`${folder}/other`, "..", "../other", "/", "", ".", "images/..", "images/../../other"],
      ...["..\\other", "a\0b", "missing"],
    ]
  ) {
    await assert.rejects(findData(data, `${folder}/own`), {
      name: "InputError",
      message: /^opening a job's images: found no ".*" in .*, wanted the images .*; put them there/,
    });
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test(
  "what a run reads becomes blobs, and what workers have of their own stays behind",
  withNoise(async (data, folder) => {
    const blobs = await openBlobs(`${folder}/blobs`);
    const model = await noisyNetwork("plain");
    const run = { model, data, policy: { kind: "uniform", ratio: 0.5 } } as const;
    const budget = { kind: "budget", share: 0.5, latencyTable: `${folder}/table` } as const;
    await assert.rejects(
      runJob({ ...run, policy: budget }, blobs),
      /table for latencies, wanted none/,
    );
    const statistics = `${folder}/statistics`;
    await assert.rejects(runJob({ ...run, statistics }, blobs), /found no statistics in/);
    await Deno.writeTextFile(statistics, "sums");
    const { key, input } = await runJob({ ...run, statistics }, blobs);
    assert.equal(await Deno.readTextFile(await blobs.fetch(input.statistics!.blob)), "sums");
    assert.ok(!("statistics" in input.options));
    assert.notEqual(key, (await runJob(run, blobs)).key);
  }),
);

Deno.test("a worker of a queue elsewhere needs its own places, or a secret", async () => {
  const signal = AbortSignal.abort();
  const queue = "redis://queue.invalid:6379";
  await assert.rejects(runWorker({ queue, signal }), {
    name: "UsageError",
    message: /found no dataFolder or blobs, wanted both.*; give them, or set SECATEUR_QUEUE_SECRET/,
  });
  await assert.rejects(runWorker({ queue, signal, dataFolder: "." }), /found no blobs, wanted/);
  const own = { dataFolder: ".", blobs: "." };
  await assert.rejects(runWorker({ queue, signal, ...own }), {
    name: "InputError",
    message: /queue/,
  });
});

/** Files below a folder, by path. */
function listFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? [name, ...listFiles(`${folder}/${name}`).map((path) => `${name}/${path}`)]
      : [name]
  ).sort();
}

testWithRedis(
  "jobs that a stranger posts are refused, and write and fetch nothing",
  async () => {
    const redis = await RedisServer.start();
    const folder = await Deno.makeTempDir();
    const asked: string[] = [];
    const web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
      asked.push(url);
      return new Response("owned");
    });
    const place = `http://127.0.0.1:${web.addr.port}/blobs`;
    const outside = `${folder}/outside`;
    const names = [
      `../../../../../..${outside}`,
      outside,
      HASH.toUpperCase(),
      `${HASH}/../x`,
      "%2e%2e",
    ];
    const envelope = { blobs: place, context: { value: RUNS }, input: { value: RUN } };
    const jobs: [kind: string, data: unknown][] = [
      ...names.flatMap((name): [string, unknown][] => [
        ["run", { ...envelope, context: { blob: name } }],
        ["run", { ...envelope, input: { blob: name } }],
        ["run", { ...envelope, input: { value: { ...RUN, model: { "model.json": name } } } }],
      ]),
      ["run", { ...envelope, input: { value: { ...RUN, model: { "../outside": HASH } } } }],
      ["run", { ...envelope, input: { value: change(RUN, "options.statistics", outside) } }],
      ["run", { ...envelope, blobs: ["/etc"] }],
      ["run", { ...envelope, more: 1 }],
      ["run", { ...envelope, input: {} }],
      ["run", {}],
      ["constructor", envelope],
      ["\u001b[2J", envelope],
    ];
    const controller = new AbortController();
    const ends = Promise.withResolvers<void>();
    const said: string[] = [];
    const failures: Error[] = [];
    const serving = runWorker({
      queue: redis.url,
      signal: controller.signal,
      onBegin: ({ kind }) => said.push(kind),
      onEnd: (_, failure) => {
        failures.push(failure!);
        if (failures.length === jobs.length) ends.resolve();
      },
    });
    const queue = openStrangersQueue(redis);
    try {
      await queue.addBulk(
        jobs.map(([name, data], index) => ({ name, data, opts: { jobId: `job-${index}` } })),
      );
      await ends.promise;
      for (const { name, message } of failures) {
        assert.equal(name, "InputError", message);
        assert.match(message, /^(reading a job from the queue|fetching a blob from)/);
      }
      for (const index of jobs.keys()) {
        assert.match((await queue.getJob(`job-${index}`))!.failedReason, /^InputError: /);
      }
      assert.deepEqual(asked, []);
      assert.deepEqual(listFiles(folder), []);
      assert.ok(said.includes("?[2J"), "what a terminal would obey is not passed on");
    } finally {
      controller.abort();
      await serving;
      await queue.close();
      await web.shutdown();
      await redis.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
);
