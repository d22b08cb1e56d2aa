import { Option } from "@commander-js/extra-typings";
import type { QueueOptions } from "../../src/mod.ts";
import { say } from "../output/messages.ts";
import { positiveInteger } from "./parsers.ts";
import { UsageError } from "../usage_error.ts";

/** Heading of these options. It is theirs, whichever command is loaded first. */
const GROUP = "Workers at a queue:";

const QUEUE =
  "Redis or Valkey server, redis://host:port/database or rediss:// for TLS; the password stands in the URL or in SECATEUR_QUEUE_PASSWORD";

/** `--queue` of a command that has work done by workers. */
export const queueOption = new Option("--queue <url>", `have it done by workers: ${QUEUE}`)
  .helpGroup(GROUP);

/** `--queue` of a worker. */
export const workerQueueOption = new Option("--queue <url>", QUEUE).makeOptionMandatory();

/** `--blobs` of a command that has work done by workers. */
export const blobsOption = new Option(
  "--blobs <place>",
  "where models and statistics go for workers: a folder that all can read, s3://bucket/prefix, or the URL of a folder that takes PUT and GET",
).helpGroup(GROUP);

/** `--attempts`: how often a job is tried. */
export const attemptsOption = new Option(
  "--attempts <n>",
  "how often a job that fails is tried, with --queue",
).argParser(positiveInteger).default(3).helpGroup(GROUP);

/** Values of these options. */
export interface QueueFlags {
  /** The server. */
  readonly queue?: string;
  /** The blobs. */
  readonly blobs?: string;
  /** Attempts. */
  readonly attempts: number;
}

/**
 * The library's queue from the flags.
 *
 * @returns The queue; undefined where all is done here.
 * @throws {UsageError} When one of the flags lacks the other.
 */
export function queueOptions({ queue, blobs, attempts }: QueueFlags): QueueOptions | undefined {
  if (queue === undefined && blobs === undefined) return undefined;
  if (queue === undefined) {
    throw new UsageError(
      "reading --blobs: wanted --queue too, the server that workers wait at; give both",
    );
  }
  if (blobs === undefined) {
    throw new UsageError(
      "reading --queue: wanted --blobs too, a folder or bucket for models and statistics; give both",
    );
  }
  return {
    url: queue,
    blobs,
    attempts,
    onNotice: (notice) => say(`note: ${notice}`),
  };
}
