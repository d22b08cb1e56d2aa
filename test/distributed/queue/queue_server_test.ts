import assert from "node:assert/strict";
import { checkQueueServer, readQueueUrl } from "../../../src/distributed/queue/queue_server.ts";
import { RedisServer, testWithRedis } from "./redis_server.ts";

const SECRET = "gr#eat se/cret";

function urlWith(password: string, port: number): string {
  return `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}

Deno.test("an address has host, port, database, user, password and TLS", () => {
  const { connection, name } = readQueueUrl("rediss://me:p%40ss@example.org:7000/3");
  const { host, port, db, username, password } = connection;
  assert.deepEqual(
    { host, port, db, username, password },
    { host: "example.org", port: 7000, db: 3, username: "me", password: "p@ss" },
  );
  assert.ok(connection.tls);
  assert.equal(name, "rediss://example.org:7000/3");
  assert.equal(readQueueUrl("redis://[::1]").connection.host, "::1");
  assert.equal(readQueueUrl("redis://localhost").connection.tls, undefined);
});

for (const url of ["http://:secret@host", "redis://", "secret", "redis://:secret@host/db"]) {
  Deno.test(`the address ${url} is refused without being repeated`, () => {
    assert.throws(() => readQueueUrl(url), (error: Error) => {
      assert.equal(error.name, "InputError");
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

Deno.test("the password stands in the environment where it is not in the address", () => {
  for (const name of ["SECATEUR_QUEUE_PASSWORD", "REDISCLI_AUTH"]) {
    Deno.env.set(name, SECRET);
    try {
      assert.equal(readQueueUrl("redis://host").connection.password, SECRET);
      assert.equal(readQueueUrl("redis://:other@host").connection.password, "other");
    } finally {
      Deno.env.delete(name);
    }
  }
});

testWithRedis("a password is asked for, refused or taken, and never said", async () => {
  const redis = await RedisServer.start("--requirepass", SECRET);
  const refusal = (found: string) => (error: Error) => {
    assert.equal(error.name, "InputError");
    assert.match(error.message, new RegExp(`found ${found}, wanted the server's; put it into`));
    assert.doesNotMatch(`${error.message}`, /gr#eat|gr%23eat|wrong/);
    return true;
  };
  try {
    await assert.rejects(checkQueueServer(redis.server), refusal("no password given"));
    const wrong = readQueueUrl(urlWith("wrong", redis.port));
    await assert.rejects(checkQueueServer(wrong), refusal("the password refused"));
    await checkQueueServer(readQueueUrl(urlWith(SECRET, redis.port)));
  } finally {
    await redis.close();
  }
});

Deno.test("where no server is, one line says so within seconds", async () => {
  const started = performance.now();
  await assert.rejects(checkQueueServer(readQueueUrl("redis://127.0.0.1:1")), {
    name: "InputError",
    message:
      /^reaching the queue at redis:\/\/127\.0\.0\.1:1\/0: found ECONNREFUSED, wanted a Redis/,
  });
  assert.ok(performance.now() - started < 5000);
});

Deno.test("a server that says nothing, or something else, is none", async () => {
  for (const answer of ["", "HTTP/1.1 400 Bad Request\r\n\r\n"]) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const accepting = listener.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode(answer));
      return connection;
    });
    await assert.rejects(checkQueueServer(readQueueUrl(`redis://127.0.0.1:${port}`)), {
      name: "InputError",
      message: /wanted a Redis or Valkey server/,
    });
    (await accepting).close();
    listener.close();
  }
});
