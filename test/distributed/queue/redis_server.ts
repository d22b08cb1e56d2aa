// @ts-types="../../../src/distributed/queue/bullmq.d.ts"
import { Queue } from "bullmq";
import { type QueueServer, readQueueUrl } from "../../../src/distributed/queue/queue_server.ts";
import { type DefineTest, testWith } from "../../support/programs.ts";

/** Tests that start a {@link RedisServer}. */
export const testWithRedis: DefineTest = testWith("redis-server");

/** A server of a test's own, on a port of the loopback that was free, with its files in a temporary folder. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #more: readonly string[];
  #process: Deno.ChildProcess | undefined;

  private constructor(port: number, folder: string, more: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#more = more;
  }

  /** Starts one; what is written is kept over a restart. */
  static async start(...more: string[]): Promise<RedisServer> {
    const server = new RedisServer(freePort(), await Deno.makeTempDir(), more);
    await server.launch();
    return server;
  }

  /** Its address. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The same, read. */
  get server(): QueueServer {
    return readQueueUrl(this.url);
  }

  /** Starts it again after {@link stop}. */
  async launch(): Promise<void> {
    this.#process = new Deno.Command("redis-server", {
      args: [
        ...["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.#folder],
        ...["--save", "", "--appendonly", "yes", "--appendfsync", "always", ...this.#more],
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await this.#waitUntilReady();
  }

  /** Ends it as a crash would. */
  async stop(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.status;
    this.#process = undefined;
  }

  /** Forgets everything that it wrote. */
  async wipe(): Promise<void> {
    await Deno.remove(`${this.#folder}/appendonlydir`, { recursive: true });
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #waitUntilReady(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port }).catch(() =>
        undefined
      );
      connection?.close();
      if (connection) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`redis-server does not answer at port ${this.port}`);
  }
}

/** A queue as anybody opens it who reaches the server. */
export function openStrangersQueue({ server: { connection } }: RedisServer): Queue {
  return new Queue("secateur", {
    connection,
    defaultJobOptions: {
      attempts: 1,
      backoff: { type: "exponential", delay: 10 },
      removeOnComplete: { age: 60 },
      removeOnFail: { age: 60 },
      stackTraceLimit: 0,
    },
  });
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
