import process from "node:process";
import { InputError, option } from "../../base/mod.ts";
import type { Connection } from "./bullmq.d.ts";
import { SECRET_VARIABLE } from "./signature.ts";

/** Variables of the environment that may hold the password; the second one is redis-cli's. */
const PASSWORD_VARIABLES = ["SECATEUR_QUEUE_PASSWORD", "REDISCLI_AUTH"];

/** How long a server may be silent before it counts as none. */
const PATIENCE_MILLISECONDS = 5000;

/** A Redis or Valkey server. */
export interface QueueServer {
  /** How it is reached, the password included. */
  readonly connection: Connection;
  /** Its address for messages, without user and password. */
  readonly name: string;
  /** What driver and workers sign jobs and answers with. Default: they do not. */
  readonly secret?: string;
}

/**
 * Reads the address of a server.
 *
 * @param url `redis://[user:password@]host[:port][/database]`, or `rediss://…` for TLS. Without a password in it, that of
 * SECATEUR_QUEUE_PASSWORD or REDISCLI_AUTH is used. SECATEUR_QUEUE_SECRET is what jobs are signed with.
 * @returns The server.
 * @throws {InputError} When it is no such address (the message does not repeat it, there may be a password in it), or the
 * secret cannot be read.
 */
export function readQueueUrl(url: string): QueueServer {
  const parsed = URL.parse(url);
  const database = /^\/?(\d*)$/.exec(parsed?.pathname ?? "-");
  const isServer = parsed && ["redis:", "rediss:"].includes(parsed.protocol) &&
    parsed.hostname !== "" && database;
  if (!isServer) {
    throw new InputError([
      "reading ",
      option("queue"),
      ": wanted redis://host:port/database, or rediss:// for TLS; give such a URL",
    ]);
  }
  const { protocol, hostname, port } = parsed;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const options = {
    host,
    port: Number(port || 6379),
    db: Number(database[1] || 0),
    username: decodeURIComponent(parsed.username) || undefined,
    password: decodeURIComponent(parsed.password) || passwordOfEnvironment(),
    ...(protocol === "rediss:" && { tls: { servername: host } }),
  };
  const secret = secretOfEnvironment();
  return {
    connection: options,
    name: `${protocol}//${hostname}:${options.port}/${options.db}`,
    ...(secret !== undefined && { secret }),
  };
}

/** Whoever may not ask would take a job that is not signed, though there is a secret. */
function secretOfEnvironment(): string | undefined {
  let secret: string | undefined;
  try {
    secret = process.env[SECRET_VARIABLE];
  } catch (cause) {
    throw isDenied(cause) ? deniedError(cause) : cause;
  }
  if (secret !== "") return secret;
  throw new InputError(
    `reading ${SECRET_VARIABLE}: found nothing in it, wanted what driver and workers share; ` +
      `set it to that, or remove it`,
  );
}

/**
 * Whether places that jobs name may be used: whoever posts them has the secret, or is on this machine.
 *
 * @param server Where jobs come from.
 */
export function isTrusted({ secret, connection: { host } }: QueueServer): boolean {
  return secret !== undefined || host === "localhost" || host === "::1" ||
    /^127\.[\d.]+$/.test(host);
}

/** Without the permission to ask there is no password; what needs the environment more will say so. */
function passwordOfEnvironment(): string | undefined {
  try {
    return PASSWORD_VARIABLES.map((name) => process.env[name]).find(Boolean);
  } catch {
    return undefined;
  }
}

/**
 * Loads a library of the queue; nothing else does.
 *
 * @param load Imports it.
 * @returns The library.
 * @throws {InputError} When Deno was not given what it needs.
 */
export async function loadForQueue<Library>(load: () => Promise<Library>): Promise<Library> {
  try {
    return await load();
  } catch (cause) {
    throw isDenied(cause) ? deniedError(cause) : cause;
  }
}

/**
 * Makes sure that a server can be used, before work is spent: what stands behind it would go on trying for ever.
 *
 * @param server The server.
 * @throws {InputError} When there is none, it refuses the password, or what is there is no such server.
 */
export async function checkQueueServer(server: QueueServer): Promise<void> {
  const { Redis } = await loadForQueue(() =>
    // @ts-types="./ioredis.d.ts"
    import("ioredis")
  );
  const client = new Redis({
    ...server.connection,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: PATIENCE_MILLISECONDS,
    commandTimeout: PATIENCE_MILLISECONDS,
  });
  let failure: unknown;
  client.on("error", (error) => failure ??= error);
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => silence.reject(new Error("it does not answer")),
    PATIENCE_MILLISECONDS,
  );
  try {
    await Promise.race([client.connect().then(() => client.ping()), silence.promise]);
  } catch (error) {
    throw explain(server, failure ?? error);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

function explain({ name, connection }: QueueServer, cause: unknown): Error {
  if (isDenied(cause)) return deniedError(cause);
  const { message, code } = cause as Error & { code?: string };
  const what = `reaching the queue at ${name}`;
  if (/WRONGPASS|NOAUTH|NOPERM|ERR AUTH|invalid password/i.test(message)) {
    const found = connection.password === undefined ? "no password given" : "the password refused";
    return new InputError(
      `${what}: found ${found}, wanted the server's; put it into ${
        PASSWORD_VARIABLES[0]
      } or the URL`,
      { cause },
    );
  }
  const found = code ?? (message || "nothing");
  if (/CERT|UNABLE_TO/i.test(found)) {
    return new InputError(
      `${what}: found a certificate that is not trusted (${found}), wanted one of a known authority; ` +
        `name a file with the authority's in DENO_CERT, or under Node in NODE_EXTRA_CA_CERTS`,
      { cause },
    );
  }
  return new InputError([
    `${what}: found ${found}, wanted a Redis or Valkey server; start one there, or correct `,
    option("queue"),
  ], { cause });
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

function deniedError(cause: unknown): InputError {
  return new InputError([
    "using ",
    option("queue"),
    `: Deno was not allowed to (${(cause as Error).message}); ` +
    "`deno task remote` is `deno task secateur` with network and environment",
  ], { cause });
}
