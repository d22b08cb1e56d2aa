import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileError, InputError } from "../base/mod.ts";

/** A file of which parts are read at known places. */
export interface RecordFile {
  /** Path, for messages. */
  readonly path: string;
  /** Bytes in it (after decompression). */
  readonly length: number;
  /**
   * Fills `out` from a place in the file.
   *
   * @param offset First byte wanted.
   * @param out Receives the bytes.
   * @throws {InputError} When the file ends before `out` is full or cannot be read.
   */
  readAt(offset: number, out: Uint8Array): void;
}

/**
 * Opens a file for reading at places; nothing is read yet.
 *
 * @param path The file.
 * @param handles Receives the handle, which closes with it.
 * @returns The file.
 * @throws {InputError} When it cannot be opened.
 */
export function openRecordFile(path: string, handles: DisposableStack): RecordFile {
  try {
    const handle = handles.adopt(openSync(path, "r"), closeSync);
    return {
      path,
      length: fstatSync(handle).size,
      readAt: (offset, out) => readHandle(handle, path, offset, out),
    };
  } catch (error) {
    throw fileError(`opening ${path}`, error);
  }
}

function readHandle(handle: number, path: string, offset: number, out: Uint8Array): void {
  let filled = 0;
  try {
    for (let count = 1; filled < out.length && count > 0; filled += count) {
      count = readSync(handle, out, filled, out.length - filled, offset + filled);
    }
  } catch (error) {
    throw fileError(`reading ${path}`, error);
  }
  if (filled < out.length) {
    throw new InputError(
      `reading ${path}: found its end at byte ${offset + filled}, wanted ${
        offset + out.length
      } bytes; the file is damaged, download it again`,
    );
  }
}

/**
 * Treats bytes in memory as a file.
 *
 * @param path Where they come from, for messages.
 * @param bytes The content.
 * @returns The file.
 */
export function wrapBytes(path: string, bytes: Uint8Array): RecordFile {
  return {
    path,
    length: bytes.length,
    readAt(offset, out) {
      if (offset + out.length > bytes.length) {
        throw new InputError(
          `reading ${path}: found ${bytes.length} bytes, wanted ${
            offset + out.length
          }; the file is damaged, download it again`,
        );
      }
      out.set(bytes.subarray(offset, offset + out.length));
    },
  };
}
