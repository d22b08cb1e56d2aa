import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "secateur-";
/** Bytes of one call of the system. */
const BYTES_AT_ONCE = 2 ** 28;

/**
 * A file for what has no room in memory. Its name is taken away as soon as it is open, so that nothing is left of it however
 * the process ends; where the system does not allow that, it goes when it is closed.
 */
export class ScratchFile {
  readonly #descriptor: number;
  #folder?: string;
  #length = 0;
  #isOpen = true;

  private constructor(descriptor: number, folder: string) {
    this.#descriptor = descriptor;
    this.#folder = folder;
    this.#removeName();
  }

  /**
   * Opens a file in the first folder that allows it.
   *
   * @param folder Where it is tried before the system's folder for temporary files.
   * @returns The file; undefined where none can be written: in a browser, or without permission.
   */
  static open(folder?: string): ScratchFile | undefined {
    for (const parent of [folder, undefined]) {
      let own: string | undefined;
      try {
        own = makeFolder(parent);
        if (own !== undefined) return new ScratchFile(openSync(join(own, "scratch"), "wx+"), own);
      } catch {
        // The next one may allow it.
        if (own !== undefined) removeFolder(own);
      }
    }
    return undefined;
  }

  /** Bytes that have been written. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes doubles behind what is there.
   *
   * @param values The doubles.
   * @returns Where they begin, for {@link read}.
   * @throws What the system says, when the disk is full; what was there stays readable.
   */
  append(values: Float64Array): number {
    const start = this.#length;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(BYTES_AT_ONCE, bytes.length - done);
      done += writeSync(this.#descriptor, bytes, done, length, start + done);
    }
    this.#length += bytes.length;
    return start;
  }

  /**
   * Reads doubles.
   *
   * @param start Where they begin.
   * @param count How many.
   * @returns The doubles.
   * @throws What the system says, or that there are not as many.
   */
  read(start: number, count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(readPart(this.#descriptor, start, 8 * count).buffer);
  }

  /** Ends the file; nothing is left of it. Calling it again does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
    this.#removeName();
  }

  #removeName(): void {
    if (this.#folder !== undefined && removeFolder(this.#folder)) this.#folder = undefined;
  }
}

/**
 * Reads a part of an open file.
 *
 * @param descriptor The file.
 * @param start Its first byte.
 * @param length Number of bytes.
 * @returns The bytes.
 * @throws {RangeError} When the file ends before.
 */
export function readPart(
  descriptor: number,
  start: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const most = Math.min(BYTES_AT_ONCE, length - done);
    const count = readSync(descriptor, bytes, done, most, start + done);
    if (count === 0) throw new RangeError(`found ${done} bytes at ${start}, wanted ${length}`);
    done += count;
  }
  return bytes;
}

/** A new folder in another one, or in that for temporary files; Deno would ask the user where it has no permission. */
function makeFolder(parent?: string): string | undefined {
  const { Deno: deno } = globalThis as { Deno?: typeof Deno };
  if (deno === undefined) return mkdtempSync(join(parent ?? tmpdir(), PREFIX));
  const permission = { name: "write", ...(parent === undefined ? {} : { path: parent }) } as const;
  if (deno.permissions.querySync(permission).state !== "granted") return undefined;
  // Node's function for the folder wants a permission to read the environment.
  return deno.makeTempDirSync({ prefix: PREFIX, dir: parent });
}

function removeFolder(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true });
    return true;
  } catch {
    return false;
  }
}
