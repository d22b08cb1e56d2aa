import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { dirname } from "node:path";
import type { BlobStore } from "../../../src/distributed/blobs/blob_store.ts";
import { openBlobs } from "../../../src/distributed/blobs/open_blobs.ts";
import { breakDisk } from "../../support/faulty_disk.ts";

const CONTENT = new TextEncoder().encode("statistics of a network");
const NAME = createHash("sha256").update(CONTENT).digest("hex");
const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "wJalr/secret" };

/** A web server that keeps what is put and gives what is got, and what it was asked. */
class WebFolder implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly requests: Request[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(allows: (request: Request) => Promise<boolean> | boolean = () => true) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        this.requests.push(request.clone());
        if (!await allows(request.clone())) return new Response("no", { status: 403 });
        const { pathname } = new URL(request.url);
        if (request.method === "PUT") {
          this.files.set(pathname, new Uint8Array(await request.arrayBuffer()));
          return new Response();
        }
        const content = this.files.get(pathname);
        return content ? new Response(content) : new Response("none", { status: 404 });
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** What any store holds. */
async function keepsContent(store: BlobStore, other: BlobStore): Promise<void> {
  assert.equal(await store.put(CONTENT), NAME);
  assert.equal(await store.put(CONTENT), NAME);
  const path = await other.fetch(NAME);
  assert.deepEqual(await Deno.readFile(path), CONTENT);
  assert.equal(await other.fetch(NAME), path);
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "a file");
  assert.equal(await Deno.readTextFile(await other.fetch(await store.putFile(file))), "a file");
  await Deno.remove(file);
  await assert.rejects(other.fetch("0".repeat(64)), {
    name: "InputError",
    message: /^fetching 0{64}.*found (no such file|status 404)/,
  });
}

Deno.test("a folder keeps blobs by their content, and refuses damaged ones", async () => {
  const folder = await Deno.makeTempDir();
  const place = `${folder}/blobs`;
  const [store, other] = await Promise.all([openBlobs(place), openBlobs(place)]);
  await keepsContent(store, other);
  await Deno.writeTextFile(`${place}/${NAME}`, "something else");
  await assert.rejects((await openBlobs(place)).fetch(NAME), /content with the hash [0-9a-f]{64}/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a web folder keeps blobs; its signature goes along and is not said", async () => {
  await using web = new WebFolder(({ url }) => new URL(url).searchParams.get("sig") === "abc/def");
  const place = `${web.url}/deep/folder?sig=abc%2Fdef`;
  const [store, other] = await Promise.all([openBlobs(place), openBlobs(place)]);
  await keepsContent(store, other);
  assert.ok(web.files.has(`/deep/folder/${NAME}`));
  web.files.set(`/deep/folder/${NAME}`, new TextEncoder().encode("something else"));
  const late = await openBlobs(place);
  await assert.rejects(late.fetch(NAME), (error: Error) => {
    assert.match(error.message, /content with the hash/);
    assert.doesNotMatch(error.message, /sig|abc/);
    return true;
  });
  await Promise.all([store, other, late].map((each) => each.close()));
});

/** What a job from a stranger may give for the name of a blob. */
const STRANGE_NAMES = [
  ...["../outside", "/etc/passwd", "..", ".", "", `../${NAME}`, `${NAME}/../../outside`],
  ...["%2e%2e%2foutside", `..%2F${NAME}`, "..\\outside", `${NAME}?list`, `${NAME}#`, `${NAME}\n`],
  ...[NAME.toUpperCase(), NAME.slice(1), `${NAME}0`, "0".repeat(100_000), `\0${NAME.slice(1)}`],
  ...["constructor", "__proto__"],
];

/** Files below a folder, by path. */
async function listFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    paths.push(name);
    if (isDirectory) {
      paths.push(...(await listFiles(`${folder}/${name}`)).map((path) => `${name}/${path}`));
    }
  }
  return paths.sort();
}

Deno.test("what is no name of a blob is refused before anything is asked or written", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/outside`, "kept");
  await Deno.mkdir(`${folder}/blobs`);
  await using web = new WebFolder();
  const environment = { ...KEYS, AWS_ENDPOINT_URL: web.url };
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
  try {
    for (const place of [`${folder}/blobs`, `${web.url}/blobs`, "s3://bucket/blobs"]) {
      const store = await openBlobs(place);
      for (const name of [...STRANGE_NAMES, 7, null, undefined, [NAME], { toString: () => NAME }]) {
        await assert.rejects(store.fetch(name as string), (error: Error) => {
          assert.equal(error.name, "InputError");
          assert.match(
            error.message,
            /^fetching a blob from .*: found the name .*, wanted a SHA-256/,
          );
          assert.ok(error.message.length < 400);
          return true;
        });
      }
      await store.close();
    }
  } finally {
    for (const name of Object.keys(environment)) Deno.env.delete(name);
  }
  assert.deepEqual(web.requests, []);
  assert.deepEqual(await listFiles(folder), ["blobs", "outside"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("bytes from a web server get a name when their hash is known, and leave nothing otherwise", async () => {
  await using web = new WebFolder();
  web.files.set(`/${NAME}`, new TextEncoder().encode("something else"));
  const good = new TextEncoder().encode("as it should be");
  const store = await openBlobs(web.url);
  const folder = dirname(await store.fetch(await store.put(good)));
  await assert.rejects(store.fetch(NAME), /content with the hash/);
  assert.deepEqual(await listFiles(folder), [createHash("sha256").update(good).digest("hex")]);
  await store.close();
});

/** Signature of a request as AWS describes it (Signature Version 4), of the headers that it says are signed. */
Deno.test("a full disk at any step of keeping a blob from a web server says what to do", async () => {
  await using server = new WebFolder();
  server.files.set(`/${NAME}`, CONTENT);
  for (let at = 1;; at++) {
    const blobs = await openBlobs(server.url);
    using disk = breakDisk(at, "ENOSPC");
    const end = await blobs.fetch(NAME).catch((error) => error);
    await blobs.close();
    if (disk.steps < at) return void assert.ok(at > 3);
    // The last steps remove what was fetched.
    if (typeof end === "string") continue;
    assert.equal(end.name, "InputError", end.stack);
    assert.match(end.message, /^(making a folder in|keeping) .*ENOSPC.*; make room there/);
  }
});

function signatureOf(request: Request): string {
  const [, scope, signed] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+),/.exec(
    request.headers.get("authorization")!,
  )!;
  const url = new URL(request.url);
  const headers = signed.split(";").map((name) =>
    `${name}:${name === "host" ? url.host : request.headers.get(name)}\n`
  );
  const canonical = [
    ...[request.method, url.pathname, url.search.slice(1), headers.join(""), signed],
    request.headers.get("x-amz-content-sha256"),
  ].join("\n");
  const text = [
    ...["AWS4-HMAC-SHA256", request.headers.get("x-amz-date"), scope],
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const key = scope.split("/").reduce<string | Uint8Array>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${KEYS.AWS_SECRET_ACCESS_KEY}`,
  );
  return createHmac("sha256", key).update(text).digest("hex");
}

Deno.test("a bucket keeps blobs, with signed requests to the endpoint of the environment", async () => {
  await using web = new WebFolder((request) =>
    request.headers.get("authorization")!.endsWith(`Signature=${signatureOf(request)}`)
  );
  const environment = { ...KEYS, AWS_ENDPOINT_URL: web.url, AWS_REGION: "eu-north-1" };
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
  try {
    const place = "s3://bucket/some/prefix";
    const [store, other] = await Promise.all([openBlobs(place), openBlobs(place)]);
    await keepsContent(store, other);
    assert.ok(web.files.has(`/bucket/some/prefix/${NAME}`));
    assert.match(web.requests[0].headers.get("authorization")!, /\/eu-north-1\/s3\/aws4_request/);
    Deno.env.set("AWS_SECRET_ACCESS_KEY", "another");
    const stranger = await openBlobs(place);
    await assert.rejects(stranger.put(CONTENT), (error: Error) => {
      assert.match(error.message, /found status 403, wanted 200; check blobs and the keys/);
      return true;
    });
    Deno.env.delete("AWS_SECRET_ACCESS_KEY");
    await assert.rejects(openBlobs(place), { message: /wanted AWS_SECRET_ACCESS_KEY/ });
    await Promise.all([store, other].map((each) => each.close()));
  } finally {
    for (const name of Object.keys(environment)) Deno.env.delete(name);
  }
});

Deno.test("a place that is no store is refused", async () => {
  await assert.rejects(openBlobs("ftp://host/folder"), { name: "UsageError" });
});

Deno.test("a web server that is not there is said", async () => {
  const store = await openBlobs("http://127.0.0.1:1/blobs");
  await assert.rejects(store.put(CONTENT), {
    name: "InputError",
    message: /a blob at http:\/\/127\.0\.0\.1:1\/blobs: found no server that answers/,
  });
});
