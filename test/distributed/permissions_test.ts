import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { calibrate } from "../../src/api/calibrate.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { RedisServer, testWithRedis } from "./queue/redis_server.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SECRET = "what driver and workers share";

/** The permissions of `docs/permissions.md`, and a worker with them. */
async function startWorker(redis: RedisServer, folder: string): Promise<Deno.ChildProcess> {
  const document = await Deno.readTextFile(`${ROOT}docs/permissions.md`);
  const command =
    /deno run --no-prompt (--allow-read=SECATEUR[^]*?) cli\/main\.ts worker ([^]*?)\n\n/
      .exec(document)!;
  const places: Record<string, string> = {
    SECATEUR: ROOT,
    IMAGES: `${folder}/worker`,
    BLOBS: `${folder}/blobs`,
    SCRATCH: `${folder}/scratch`,
    HOST: "127.0.0.1",
    "6379": `${redis.port}`,
  };
  const args = [command[1], `${ROOT}cli/main.ts`, "worker", command[2]].join(" ")
    .replaceAll("\\", " ").split(/\s+/)
    .map((arg) =>
      arg.replace(/\b(SECATEUR|IMAGES|BLOBS|SCRATCH|HOST|6379)\b(?!_)/g, (name) => places[name])
    );

  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", ...args],
    env: { SECATEUR_QUEUE_SECRET: SECRET, TMPDIR: `${folder}/scratch` },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

testWithRedis(
  "a worker does its work with the permissions that the documents grant, and with a secret for signed jobs alone",
  withNoise(async (data, folder) => {
    const redis = await RedisServer.start();
    for (const name of ["worker", "blobs", "scratch"]) await Deno.mkdir(`${folder}/${name}`);
    await Deno.rename(data, `${folder}/worker/data`);
    await Deno.symlink(`${folder}/worker/data`, data);
    const worker = await startWorker(redis, folder);
    const model = await noisyNetwork("preActivation");
    const run = () =>
      calibrate({
        signal: AbortSignal.timeout(60_000),
        ...{ batches: 4, batchSize: 25, seed: 2, workers: 1, model, data },
        queue: { url: redis.url, blobs: `${folder}/blobs`, shards: 1, attempts: 1 },
      });
    try {
      await assert.rejects(
        run(),
        /found no signature, wanted one made with the SECATEUR_QUEUE_SEC/,
      );
      Deno.env.set("SECATEUR_QUEUE_SECRET", SECRET);
      const { statistics } = await run();
      assert.deepEqual(statistics.shards.have, [1]);
      assert.deepEqual([...Deno.readDirSync(`${folder}/scratch`)], []);
    } finally {
      Deno.env.delete("SECATEUR_QUEUE_SECRET");
      worker.kill("SIGTERM");
      const { stdout } = await worker.output();
      assert.equal(new TextDecoder().decode(stdout), "done        1\nfailed      1\n");
      await redis.close();
    }
  }),
);
