import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  InputError,
  isMessage,
  type Message,
  messageOf,
  parseJson,
  UsageError,
} from "../../base/mod.ts";
import type { BlobStore } from "../blobs/blob_store.ts";
import { anything, type FieldsOf, hash, objectOf, optional, type Schema, text } from "../schema.ts";
import { checkSignature, sign } from "./signature.ts";

/** The queue that drivers and workers meet at. */
export const QUEUE_NAME = "secateur";

/** What goes through the queue itself; anything larger is a blob. */
const LARGEST_PAYLOAD = 64 * 1024;

/** Plain data on its way: itself, or the name of a blob with its JSON. */
export type Payload = { readonly value: unknown } | { readonly blob: string };

/** What came of a job, as it lies in the queue. */
export type Answer = Payload & {
  /** Made over the name of the job and the payload. */
  readonly signature?: string;
};

/** A job as it lies in the queue. */
export interface QueuedJob {
  /** Where its blobs are. */
  readonly blobs: string;
  /** What its handler works with is opened from. */
  readonly context: Payload;
  /** What the handler is given. */
  readonly input: Payload;
  /** Made over name and kind of the job and all of the above. */
  readonly signature?: string;
}

const PAYLOAD: Schema = (value, place) => {
  const isBlob = typeof value === "object" && value !== null && Object.hasOwn(value, "blob");
  objectOf(isBlob ? { blob: hash } : { value: anything })(value, place);
};

const QUEUED_JOB = {
  blobs: text,
  context: PAYLOAD,
  input: PAYLOAD,
  signature: optional(text),
} satisfies FieldsOf<QueuedJob>;

/** What a job is called, and its kind. */
export interface JobLabel {
  /** Its name in the queue. */
  readonly id: string;
  /** Its kind. */
  readonly kind: string;
}

/**
 * Signs a job for those who have the secret.
 *
 * @param secret The secret; without one the job stays as it is.
 * @param label Its name and kind: with another of either the signature would not fit.
 * @param job The job.
 */
export function signJob(secret: string | undefined, label: JobLabel, job: QueuedJob): QueuedJob {
  if (secret === undefined) return job;
  return { ...job, signature: sign(secret, "job", substanceOf(label, job)) };
}

/**
 * Refuses a job that is none, or that nobody with the secret has posted.
 *
 * @param secret The secret, if there is one.
 * @param label Its name and kind.
 * @param job What lies in the queue.
 * @throws {InputError} With what is wrong with it.
 */
export function checkQueuedJob(
  secret: string | undefined,
  label: JobLabel,
  job: unknown,
): asserts job is QueuedJob {
  objectOf(QUEUED_JOB)(job, "data");
  const queued = job as QueuedJob;
  checkSignature(secret, "job", substanceOf(label, queued), queued.signature);
}

function substanceOf({ id, kind }: JobLabel, { blobs, context, input }: QueuedJob): unknown {
  return [id, kind, blobs, context, input];
}

/** Signs an answer for the driver, if there is a secret. */
export function signAnswer(secret: string | undefined, id: string, answer: Payload): Answer {
  return secret === undefined
    ? answer
    : { ...answer, signature: sign(secret, "answer", [id, answer]) };
}

/**
 * The payload of an answer.
 *
 * @param secret The secret, if there is one.
 * @param id The job.
 * @param answer What lies in the queue.
 * @returns What came of the job.
 * @throws {InputError} When it is none, or nobody with the secret has given it.
 */
export function readAnswer(secret: string | undefined, id: string, answer: Answer | null): Payload {
  const { signature, ...payload } = (answer ?? {}) as Partial<Answer>;
  PAYLOAD(payload, "answer");
  checkSignature(secret, "answer", [id, payload], signature);
  return payload as Payload;
}

/** Prepares plain data for the queue. */
export async function packPayload(value: unknown, blobs: BlobStore): Promise<Payload> {
  const bytes = new TextEncoder().encode(JSON.stringify(value) ?? "null");
  return bytes.length <= LARGEST_PAYLOAD
    ? { value: value ?? null }
    : { blob: await blobs.put(bytes) };
}

/**
 * Plain data that came through the queue.
 *
 * @throws {InputError} When its blob is not there, or no JSON.
 */
export async function unpackPayload(payload: Payload, blobs: BlobStore): Promise<unknown> {
  if ("value" in payload) return payload.value;
  const content = await readFile(await blobs.fetch(payload.blob), "utf8");
  try {
    return parseJson(content);
  } catch (cause) {
    throw new InputError(
      `reading the blob ${payload.blob} of a job: found no JSON; post the job again`,
      { cause },
    );
  }
}

/**
 * What a job is called in the queue: the same for the same work, whoever asks for it. With a secret nobody else can take
 * the name before.
 */
export function nameJob(
  secret: string | undefined,
  kind: string,
  key: string,
  context: unknown,
): string {
  if (secret !== undefined) return sign(secret, "name", [kind, key, context]);
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
  const message = known && readMessage(text.slice(known.name.length + 2));
  return message ? new known(message) : new Error(text);
}

/** The parts of a message; nothing where it is none, since whoever reaches the queue can fail a job. */
function readMessage(text: string): Message | undefined {
  try {
    const parts = parseJson(text);
    return isMessage(parts) ? parts : undefined;
  } catch {
    return undefined;
  }
}
