/**
 * What is used of BullMQ and ioredis. Their own declarations bring those of Node with them, which take the place of
 * Deno's in every file that is checked.
 *
 * @module
 */

/** How a server is reached. */
export interface Connection {
  /** Its name or address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** Number of the database. */
  readonly db: number;
  /** Name of the user. */
  readonly username?: string;
  /** The password. */
  readonly password?: string;
  /** Present for TLS. */
  readonly tls?: { readonly servername: string };
}

/** Something that happens to a job. */
export interface JobEvent {
  /** The job. */
  readonly jobId: string;
  /** Its progress, when that is what happens. */
  readonly data?: unknown;
}

/** The connection of a queue. */
export interface Client {
  readonly status: string;
  on(event: "close" | "ready", listener: () => void): void;
  off(event: "close" | "ready", listener: () => void): void;
  /** How many listeners are no leak. */
  setMaxListeners(count: number): void;
  /** The server's clock: seconds, and microseconds of the next. */
  time(): Promise<[seconds: string, microseconds: string]>;
}

/** A job in a queue. */
export interface Job<Data, Answer> {
  readonly id?: string;
  readonly name: string;
  readonly data: Data;
  readonly attemptsMade: number;
  readonly finishedOn?: number;
  readonly failedReason: string;
  readonly returnvalue: Answer;
  updateProgress(progress: number): Promise<void>;
}

/** What becomes of jobs. */
export interface JobOptions {
  readonly attempts: number;
  readonly backoff: { readonly type: "exponential"; readonly delay: number };
  readonly removeOnComplete: { readonly age: number };
  readonly removeOnFail: { readonly age: number };
  readonly stackTraceLimit: number;
}

/** A queue, on the side that posts jobs. */
export class Queue<Data = unknown, Answer = unknown> {
  constructor(
    name: string,
    options: { readonly connection: Connection; readonly defaultJobOptions: JobOptions },
  );
  readonly client: Promise<Client>;
  on(event: "error", listener: (error: Error) => void): this;
  addBulk(
    jobs: readonly {
      readonly name: string;
      readonly data: Data;
      readonly opts: { readonly jobId: string };
    }[],
  ): Promise<unknown>;
  getJob(id: string): Promise<Job<Data, Answer> | undefined>;
  getJobState(id: string): Promise<string>;
  getWorkersCount(): Promise<number>;
  remove(id: string): Promise<number>;
  close(): Promise<void>;
}

/** What happens in a queue. */
export class QueueEvents {
  constructor(
    name: string,
    options: { readonly connection: Connection; readonly lastEventId: string },
  );
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "completed" | "failed" | "progress", listener: (event: JobEvent) => void): this;
  off(event: "completed" | "failed" | "progress", listener: (event: JobEvent) => void): this;
  /** How many listeners are no leak. */
  setMaxListeners(count: number): void;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** A worker: takes jobs from a queue and does them. */
export class Worker<Data = unknown, Answer = unknown> {
  constructor(
    name: string,
    perform: (job: Job<Data, Answer>) => Promise<Answer>,
    options: {
      readonly connection: Connection & { readonly maxRetriesPerRequest: null };
      readonly lockDuration: number;
      readonly stalledInterval: number;
      readonly maxStalledCount: number;
      readonly autorun: boolean;
    },
  );
  /** That at which it waits for jobs; `ready` tells of it, and `ioredis:close` of the other. */
  readonly blockingConnection: { on(event: "close", listener: () => void): void };
  on(event: "error" | "ioredis:close" | "ready", listener: () => void): this;
  run(): Promise<void>;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): void;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}
