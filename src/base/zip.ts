import { unzipSync } from "fflate";
import { InputError } from "./errors.ts";

/** Largest JSON in an archive: 64 MiB. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** JSON shrinks to a fiftieth at best, trained weights hardly at all. */
const MAX_INFLATION = 200;

/** An entry of a zip archive, as the archive declares it. */
export interface ZipEntry {
  /** Its name: a path inside the archive. */
  readonly name: string;
  /** Bytes in the archive. */
  readonly size: number;
  /** Bytes when it is inflated. */
  readonly originalSize: number;
}

/** A zip archive and what it is, for messages. */
export interface ZipFile {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** Path of the file. */
  readonly path: string;
  /** What it is to be, such as `.keras file`. */
  readonly kind: string;
}

/**
 * Tells a zip archive by its first bytes.
 *
 * @param bytes Any file.
 * @returns True for an archive that has entries.
 */
export function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((value, index) => bytes[index] === value);
}

/**
 * Takes entries out of a zip archive. Nothing is written to disk, and an entry gets no more memory than it declares.
 *
 * @param file The archive.
 * @param wants Called for every entry before it is inflated, says whether it is wanted; may throw.
 * @returns The content of the entries that are wanted, by name.
 * @throws {InputError} When the archive is damaged, or an entry is named twice or leaves the archive.
 *
 * @example Take the pictures out of an archive
 * ```ts
 * import { readZip } from "secateur/browser";
 * import { zipSync } from "fflate";
 * import assert from "node:assert/strict";
 *
 * const bytes = zipSync({ "cats/1.png": new Uint8Array(64), "notes.txt": new Uint8Array(8) });
 * const archive = { bytes, path: "images.zip", kind: "zip archive" };
 * const pictures = readZip(archive, ({ name }) => name.endsWith(".png"));
 * assert.deepEqual([...pictures.keys()], ["cats/1.png"]);
 * ```
 */
export function readZip(
  file: ZipFile,
  wants: (entry: ZipEntry) => boolean,
): Map<string, Uint8Array> {
  const { path } = file;
  const sizes = new Map<string, number>();
  const filter = (entry: ZipEntry) => {
    requirePlainName(entry.name, path);
    if (sizes.has(entry.name)) throw damaged(file, `the entry ${entry.name} twice`);
    sizes.set(entry.name, entry.originalSize);
    return wants(entry);
  };
  const contents = new Map(Object.entries(unzip(file, filter)));
  for (const [name, { length }] of contents) {
    if (length === sizes.get(name)) continue;
    throw damaged(file, `${length} bytes in ${name}`, `${sizes.get(name)}`);
  }
  return contents;
}

function unzip(file: ZipFile, filter: (entry: ZipEntry) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(file.bytes, { filter });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw damaged(file, `an archive that does not inflate (${(error as Error).message})`);
  }
}

/**
 * Refuses an entry that declares more than a model's file can be in its bytes.
 *
 * @param entry The entry.
 * @param path Path of the archive, for messages.
 * @throws {InputError} When it does.
 */
export function requireModestSize({ name, size, originalSize }: ZipEntry, path: string): void {
  const isJson = name.endsWith(".json");
  if (originalSize <= size * MAX_INFLATION && !(isJson && originalSize > MAX_JSON_BYTES)) return;
  throw new InputError(
    `reading ${path}: found ${name} of ${originalSize} bytes in ${size}, wanted at most ` +
      `${
        isJson ? `${MAX_JSON_BYTES} and ` : ""
      }${MAX_INFLATION} times as many; do not use this file`,
  );
}

function requirePlainName(name: string, path: string): void {
  const isPlain = !/^[\\/]|^[a-z]:|\0/i.test(name) && !name.split(/[\\/]/).includes("..");
  if (isPlain) return;
  throw new InputError(
    `reading ${path}: found the entry ${JSON.stringify(name)}, wanted names inside the archive; ` +
      `do not use this file`,
  );
}

function damaged(
  { path, kind }: ZipFile,
  found: string,
  wanted = `an intact ${kind}`,
): InputError {
  return new InputError(
    `reading ${path}: found ${found}, wanted ${wanted}; the file is damaged, copy it again`,
  );
}
