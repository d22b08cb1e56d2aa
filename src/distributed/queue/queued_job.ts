import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { InputError, messageOf, UsageError } from "../../base/mod.ts";
import type { BlobStore } from "../blobs/blob_store.ts";

/** The queue that drivers and workers meet at. */
export const QUEUE_NAME = "secateur";

/** What goes through the queue itself; anything larger is a blob. */
const LARGEST_PAYLOAD = 64 * 1024;

/** Plain data on its way: itself, or the name of a blob with its JSON. */
export type Payload = { readonly value: unknown } | { readonly blob: string };

/** A job as it lies in the queue. */
export interface QueuedJob {
  /** Where its blobs are. */
  readonly blobs: string;
  /** What its handler works with is opened from. */
  readonly context: Payload;
  /** What the handler is given. */
  readonly input: Payload;
}

/** Prepares plain data for the queue. */
export async function packPayload(value: unknown, blobs: BlobStore): Promise<Payload> {
  const bytes = new TextEncoder().encode(JSON.stringify(value) ?? "null");
  return bytes.length <= LARGEST_PAYLOAD ? { value } : { blob: await blobs.put(bytes) };
}

/**
 * Plain data that came through the queue.
 *
 * @throws {InputError} When its blob is not there.
 */
export async function unpackPayload(payload: Payload, blobs: BlobStore): Promise<unknown> {
  if ("value" in payload) return payload.value;
  return JSON.parse(await readFile(await blobs.fetch(payload.blob), "utf8"));
}

/** What a job is called in the queue: the same for the same work, whichever run asks for it. */
export function nameJob(kind: string, key: string, context: unknown): string {
  return createHash("sha256").update(JSON.stringify([kind, key, context])).digest("hex");
}

/** The queue knows a failure by its text alone. A thread that was lost elsewhere is no thread of this process. */
const CLASSES = [InputError, UsageError];

/** The text of an error: its class and the parts of its message as JSON where its reader acts on these. */
export function writeFailure(error: unknown): string {
  const failure = error instanceof Error ? error : new Error(String(error));
  return CLASSES.some(({ name }) => name === failure.name)
    ? `${failure.name}: ${JSON.stringify(messageOf(failure))}`
    : failure.message;
}

/** The error of a text that {@link writeFailure} wrote. */
export function readFailure(text: string): Error {
  const known = CLASSES.find(({ name }) => text.startsWith(`${name}: `));
  return known ? new known(JSON.parse(text.slice(known.name.length + 2))) : new Error(text);
}
