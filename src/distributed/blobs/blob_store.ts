import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { InputError } from "../../base/mod.ts";

/** Characters of a strange name that a message repeats. */
const SHOWN_CHARACTERS = 80;

/**
 * What is too large for the queue, by its content: a blob's name is the SHA-256 of its bytes, so one that is there need
 * not be put again, and one that arrives otherwise is told from what was put.
 */
export interface BlobStore {
  /** Where it is, as others find it too. */
  readonly place: string;
  /**
   * Keeps bytes.
   *
   * @param bytes What is kept.
   * @returns Its name.
   * @throws {InputError} When they cannot be written.
   */
  put(bytes: Uint8Array): Promise<string>;
  /**
   * Keeps a file.
   *
   * @param path What is kept.
   * @returns Its name.
   * @throws {InputError} When it cannot be written.
   */
  putFile(path: string): Promise<string>;
  /**
   * Gets a blob into a file, which is not to be changed.
   *
   * @param name The blob.
   * @returns Path of a file that is there until the store is closed.
   * @throws {InputError} When this is no name of a blob, there is no such blob, or it has other bytes.
   */
  fetch(name: string): Promise<string>;
  /** Removes what was fetched. */
  close(): Promise<void>;
}

/**
 * Refuses what is no name of a blob, before it becomes part of a path or URL: names come from whoever can reach the
 * queue.
 *
 * @param name What a blob is said to be called.
 * @param place Where it is said to be, for messages.
 * @throws {InputError} When it is anything but 64 lower-case hexadecimal digits.
 */
export function checkBlobName(name: unknown, place: string): asserts name is string {
  if (isBlobName(name)) return;
  throw new InputError(
    `fetching a blob from ${place}: found the name ${excerpt(name)}, ` +
      `wanted a SHA-256 of 64 hexadecimal digits; look for who posts such jobs to the queue`,
  );
}

/** Whether this may be what a blob is called. */
export function isBlobName(name: unknown): name is string {
  return typeof name === "string" && /^[0-9a-f]{64}$/.test(name);
}

/** A strange name, as far as a message needs it. */
function excerpt(name: unknown): string {
  const text = JSON.stringify(name) ?? String(name);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** The name of some bytes. */
export function nameBytes(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The name of a file's content.
 *
 * @param path The file.
 * @returns 64 hexadecimal digits.
 */
export async function nameFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * Refuses a blob that is not what it is called.
 *
 * @param path Where its bytes are.
 * @param place Where they come from, for messages.
 * @param name What it is called.
 * @throws {InputError} With both hashes.
 */
export async function checkBlob(path: string, place: string, name: string): Promise<void> {
  const found = await nameFile(path);
  if (found === name) return;
  throw new InputError(
    `fetching ${name} from ${place}: found content with the hash ${found}; remove it there`,
  );
}
