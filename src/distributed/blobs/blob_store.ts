import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { InputError } from "../../base/mod.ts";

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
   * @throws {InputError} When there is no such blob, or it has other bytes.
   */
  fetch(name: string): Promise<string>;
  /** Removes what was fetched. */
  close(): Promise<void>;
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
