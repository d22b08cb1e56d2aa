/**
 * What is used of ioredis, for the reason that `bullmq.d.ts` has.
 *
 * @module
 */
import type { Connection } from "./bullmq.d.ts";

/** A connection to a server. */
export class Redis {
  constructor(
    options: Connection & {
      readonly lazyConnect: boolean;
      readonly retryStrategy: () => null;
      readonly maxRetriesPerRequest: number;
      readonly connectTimeout: number;
      readonly commandTimeout: number;
    },
  );
  on(event: "error", listener: (error: Error) => void): this;
  connect(): Promise<void>;
  ping(): Promise<string>;
  disconnect(): void;
}
