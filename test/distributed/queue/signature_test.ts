import assert from "node:assert/strict";
import { openBlobs } from "../../../src/distributed/blobs/open_blobs.ts";
import { QueueExecutor } from "../../../src/distributed/queue/queue_executor.ts";
import { readQueueUrl } from "../../../src/distributed/queue/queue_server.ts";
import {
  checkQueuedJob,
  nameJob,
  readAnswer,
  signAnswer,
  signJob,
} from "../../../src/distributed/queue/queued_job.ts";
import { RefusalError, serveQueue } from "../../../src/distributed/queue/serve_queue.ts";
import { checkSignature, sign } from "../../../src/distributed/queue/signature.ts";
import { openStrangersQueue, RedisServer, testWithRedis } from "./redis_server.ts";

const SECRET = "a long secret";
const LABEL = { id: "name", kind: "run" };
const JOB = {
  blobs: "/blobs",
  context: { value: { kind: "runs" } },
  input: { value: [1, 2.5, "x"] },
};

Deno.test("a job is taken as it was signed, and refused with anything else in it, or without a signature", () => {
  const signed = JSON.parse(JSON.stringify(signJob(SECRET, LABEL, JOB)));
  checkQueuedJob(SECRET, LABEL, signed);
  const changed = [
    JOB,
    { ...signed, blobs: "/other" },
    { ...signed, input: { value: [1, 2.5, "y"] } },
    { ...signed, input: { blob: "0".repeat(64) } },
    { ...signed, context: { value: { kind: "shards" } } },
    { ...signed, signature: "" },
    { ...signed, signature: "é".repeat(64) },
    { ...signed, signature: String(signed.signature).toUpperCase() },
    signJob("another secret", LABEL, JOB),
  ];
  for (const job of changed) {
    assert.throws(() => checkQueuedJob(SECRET, LABEL, job), {
      name: "InputError",
      message: /^reading a job from the queue: found (no|a) signature.*SECATEUR_QUEUE_SECRET/,
    });
  }
  for (const other of [{ ...LABEL, id: "other" }, { ...LABEL, kind: "rollout" }]) {
    assert.throws(() => checkQueuedJob(SECRET, other, signed), /made otherwise/);
  }
});

Deno.test("an answer counts for its own job alone", () => {
  const answer = signAnswer(SECRET, "job", { value: 3 });
  assert.deepEqual(readAnswer(SECRET, "job", answer), { value: 3 });
  assert.throws(() => readAnswer(SECRET, "other", answer), /answer of a worker.*made otherwise/);
  assert.throws(() => readAnswer(SECRET, "job", { value: 3 }), /found no signature/);
  assert.throws(() => readAnswer(SECRET, "job", { ...answer, value: 4 }), /made otherwise/);
  assert.throws(() => readAnswer(undefined, "job", { blob: "../x" }), /answer\.blob "\.\.\/x"/);
  assert.throws(() => readAnswer(undefined, "job", null as never), /found answer/);
});

Deno.test("a signature for one thing is none for another", () => {
  const signature = sign(SECRET, "answer", ["a"]);
  assert.throws(() => checkSignature(SECRET, "job", ["a"], signature), /made otherwise/);
});

Deno.test("without a secret nothing is signed and nothing looked at", () => {
  assert.equal(signJob(undefined, LABEL, JOB), JOB);
  checkQueuedJob(undefined, LABEL, JOB);
  checkQueuedJob(undefined, LABEL, signJob(SECRET, LABEL, JOB));
  assert.notEqual(nameJob(undefined, "run", "1", {}), nameJob(SECRET, "run", "1", {}));
});

Deno.test("the secret stands in the environment, and an empty one is refused", () => {
  const read = () => readQueueUrl("redis://127.0.0.1").secret;
  assert.equal(read(), undefined);
  try {
    Deno.env.set("SECATEUR_QUEUE_SECRET", SECRET);
    assert.equal(read(), SECRET);
    Deno.env.set("SECATEUR_QUEUE_SECRET", "");
    assert.throws(read, {
      name: "InputError",
      message: /^reading SECATEUR_QUEUE_SECRET: found nothing/,
    });
  } finally {
    Deno.env.delete("SECATEUR_QUEUE_SECRET");
  }
});

/** A job's outcome where driver and worker have these secrets, and how often the worker did something. */
async function ask(driver: string | undefined, worker: string | undefined) {
  const redis = await RedisServer.start();
  const folder = await Deno.makeTempDir();
  const controller = new AbortController();
  let done = 0;
  const refusals: Error[] = [];
  const serving = serveQueue({
    server: { ...redis.server, secret: worker },
    signal: controller.signal,
    perform: () => Promise.resolve(++done),
    onEnd: (_, failure) => failure && refusals.push(failure),
    restMilliseconds: 1,
  });
  const executor = await QueueExecutor.open({
    server: { ...redis.server, secret: driver },
    blobs: await openBlobs(folder),
    context: { kind: "runs" },
    attempts: 1,
  });
  try {
    const [outcome] = await executor.run([{
      kind: "run",
      key: "1",
      input: [undefined, 1e-7, "ä"],
    }]);
    return { outcome, done, refusals, redis };
  } finally {
    await executor.close();
    controller.abort();
    await serving;
    await redis.close();
    await Deno.remove(folder, { recursive: true });
  }
}

testWithRedis("driver and worker with one secret work together", async () => {
  const { outcome, done } = await ask(SECRET, SECRET);
  assert.deepEqual([outcome, done], [{ status: "done", output: 1 }, 1]);
});

for (
  const [driver, said] of [[undefined, "no signature"], ["another", "made otherwise"]] as const
) {
  testWithRedis(
    `a worker with a secret refuses a job with ${said}, and the driver hears of it`,
    async () => {
      const { outcome, done, refusals } = await ask(driver, SECRET);
      assert.equal(done, 0);
      assert.equal(outcome.status, "failed");
      const { error } = outcome as { error: Error };
      assert.equal(error.name, "InputError");
      assert.match(error.message, new RegExp(`^reading a job from the queue: found .*${said}`));
      assert.ok(refusals[0] instanceof RefusalError);
    },
  );
}

testWithRedis("a driver with a secret takes no answer of a worker without", async () => {
  const { outcome } = await ask(SECRET, undefined);
  assert.equal(outcome.status, "failed");
  assert.match((outcome as { error: Error }).error.message, /^reading the answer of a worker/);
});

testWithRedis(
  "what a stranger posts under the name of a job does not get in its way",
  async () => {
    const redis = await RedisServer.start();
    const queue = openStrangersQueue(redis);
    const controller = new AbortController();
    const refused = Promise.withResolvers<Error>();
    const serving = serveQueue({
      server: { ...redis.server, secret: SECRET },
      signal: controller.signal,
      perform: () => Promise.reject(new Error("done")),
      onEnd: (_, failure) => refused.resolve(failure!),
    });
    const id = nameJob(SECRET, "run", "1", {});
    const signed = signJob(SECRET, { id, kind: "run" }, JOB);
    await queue.addBulk([{ name: "run", data: signed, opts: { jobId: "another-name" } }]);
    assert.match((await refused.promise).message, /found a signature that was made otherwise/);
    controller.abort();
    await serving;
    await queue.close();
    await redis.close();
  },
);

testWithRedis("a worker that has refused a job does the next one", async () => {
  const redis = await RedisServer.start();
  const queue = openStrangersQueue(redis);
  const controller = new AbortController();
  const done = Promise.withResolvers<string>();
  const serving = serveQueue({
    server: { ...redis.server, secret: SECRET },
    signal: controller.signal,
    perform: (kind) => Promise.resolve(kind),
    onEnd: ({ id }, failure) => failure || done.resolve(id),
    restMilliseconds: 50,
  });
  const signed = signJob(SECRET, { id: "second", kind: "run" }, JOB);
  await queue.addBulk([
    { name: "run", data: JOB, opts: { jobId: "first" } },
    { name: "run", data: signed, opts: { jobId: "second" } },
  ]);
  assert.equal(await Promise.race([done.promise, serving]), "second");
  controller.abort();
  await serving;
  await queue.close();
  await redis.close();
});
