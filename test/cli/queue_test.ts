import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { RedisServer, testWithRedis } from "../distributed/queue/redis_server.ts";
import { inTempFolder, quickPruning, quickSampling, writeSmallData } from "./fixtures.ts";
import { exampleModel, projectFolder, runCli, spawnScript } from "./run_cli.ts";
import { validate } from "./schemas.ts";

/** What `deno task remote` allows, but for the network beyond this machine. */
const REMOTE = ["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1"];

const SECRET = "gr3at";

/** The lines of a stream, one at a time. */
function linesOf(stream: ReadableStream<Uint8Array>): AsyncIterator<string> {
  return (async function* () {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  })();
}

async function waitFor(lines: AsyncIterator<string>, wanted: RegExp): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next();
    assert.ok(!done, `nothing like ${wanted} was said`);
    if (wanted.test(value)) return;
  }
}

testWithRedis(
  "a worker gathers shards and ends at SIGTERM with what it did",
  () =>
    inTempFolder(async (folder) => {
      await writeSmallData(folder);
      const redis = await RedisServer.start("--requirepass", SECRET);
      try {
        const queue = ["--queue", redis.url.replace("//", `//:${SECRET}@`)];
        const worker = spawnScript("cli/main.ts", ["worker", ...queue, "--json"], REMOTE);
        const said = linesOf(worker.stderr);
        await waitFor(said, /^waiting for jobs$/);
        const out = `${folder}/statistics`;
        const { code, stderr } = await runCli([
          ...["calibrate", exampleModel, "--data", folder, "--out", out, ...quickSampling],
          ...[...queue, "--blobs", `${folder}/blobs`, "--shards", "2"],
        ], REMOTE);
        assert.equal(code, 0, stderr);
        assert.ok(!stderr.includes(SECRET));
        await waitFor(said, /^calibration [0-9a-f]{8}$/);
        worker.kill("SIGTERM");
        await waitFor(said, /^ending after the job in hand; again to end at once$/);
        await said.return!();
        const [{ value }] = [await linesOf(worker.stdout).next()];
        const report = JSON.parse(value);
        validate("commands/worker", report);
        const { done, failed } = report;
        assert.deepEqual({ done, failed, code: (await worker.status).code }, {
          done: 2,
          failed: 0,
          code: 0,
        });
      } finally {
        await redis.close();
      }
    }),
);

testWithRedis(
  "a second signal ends a worker in the middle of its job",
  () =>
    inTempFolder(async (folder) => {
      const redis = await RedisServer.start();
      try {
        const queue = ["--queue", redis.url];
        const worker = spawnScript("cli/main.ts", ["worker", ...queue], REMOTE);
        const said = linesOf(worker.stderr);
        await waitFor(said, /^waiting for jobs$/);
        const driver = spawnScript("cli/main.ts", [
          ...["calibrate", exampleModel, "--data", "cli/example/fashion-mnist"],
          ...["--out", `${folder}/statistics`, "--nb-batches", "400", ...queue],
          ...["--blobs", `${folder}/blobs`, "--shards", "1"],
        ], REMOTE);
        await waitFor(said, /^calibration/);
        worker.kill("SIGTERM");
        await waitFor(said, /^ending/);
        worker.kill("SIGTERM");
        assert.equal((await worker.status).code, 130);
        driver.kill("SIGINT");
        const { code, stderr } = await driver.output();
        assert.equal(code, 130, new TextDecoder().decode(stderr));
        await worker.stdout.cancel();
        await said.return!();
      } finally {
        await redis.close();
      }
    }),
);

const PRUNE = ["prune", exampleModel, "--data", "cli/example/fashion-mnist", "--out", "never"];
const AT_QUEUE = ["--queue", "redis://127.0.0.1:1", "--blobs", "never"];

const FAILURES: [
  name: string,
  args: string[],
  code: number,
  said: RegExp,
  permissions?: string[],
][] = [
  [
    "a server that is not there",
    [...PRUNE, ...AT_QUEUE],
    1,
    /^secateur: reaching the queue at redis:\/\/127\.0\.0\.1:1\/0: found ECONNREFUSED, wanted .*\n$/,
  ],
  [
    "a server that a worker does not find",
    ["worker", "--queue", `redis://:${SECRET}@127.0.0.1:1`],
    1,
    /^secateur: reaching the queue at redis:\/\/127\.0\.0\.1:1\/0: found ECONNREFUSED.*\n$/,
  ],
  [
    "an address that is none",
    ["worker", "--queue", `http://:${SECRET}@127.0.0.1`],
    1,
    /^secateur: reading --queue: wanted redis:\/\/host:port\/database, or rediss:\/\/ for TLS; give such a URL\n$/,
  ],
  [
    "a queue without the permissions for it",
    [...PRUNE, ...AT_QUEUE],
    1,
    /^secateur: using --queue: Deno was not allowed to .*`deno task remote` is .*\n$/,
    ["--allow-read", "--allow-write"],
  ],
  ["a queue without blobs", [...PRUNE, ...AT_QUEUE.slice(0, 2)], 2, /wanted --blobs too/],
  ["blobs without a queue", [...PRUNE, ...AT_QUEUE.slice(2)], 2, /wanted --queue too/],
  [
    "a queue for what has no jobs",
    [...PRUNE, ...AT_QUEUE, "--prune-option", "uniform"],
    2,
    /only auto has work for others/,
  ],
  [
    "shards without a queue",
    ["calibrate", exampleModel, "--data", ".", "--out", "never", "--shards", "2"],
    2,
    /--queue and --shards: wanted both/,
  ],
];

for (const [name, args, wanted, said, permissions = REMOTE] of FAILURES) {
  Deno.test(`${name} is said in a line`, async () => {
    const started = performance.now();
    const { code, stderr } = await runCli(args, permissions);
    assert.match(stderr, said);
    assert.equal(code, wanted);
    assert.ok(!stderr.includes(SECRET));
    assert.ok(performance.now() - started < 20_000);
  });
}

Deno.test("without --queue nothing of its libraries is loaded", async () => {
  // They read the environment as soon as they are loaded, which this process may not.
  const permissions = ["run", "--quiet", "--no-prompt", "--allow-read", "--allow-write"];
  for (const library of [project.imports.bullmq, project.imports.ioredis]) {
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...permissions, `data:text/javascript,import ${JSON.stringify(library)}`],
      cwd: projectFolder,
      stdout: "null",
    }).output();
    assert.match(new TextDecoder().decode(stderr), /Requires env access/, library);
  }
  await inTempFolder(async (folder) => {
    await writeSmallData(folder);
    const { code, stderr } = await runCli([
      ...["prune", exampleModel, "--data", folder, "--out", `${folder}/out`, ...quickPruning],
      ...["--nb-rlouts", "2", "--nb-rlouts-min", "1", "--finalists", "1", "--search-images", "10"],
    ]);
    assert.equal(code, 0, stderr);
  });
});
