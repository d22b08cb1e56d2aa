import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "secateur-";
/** Bytes of one call of the system. */
const BYTES_AT_ONCE = 2 ** 28;

/** A stretch of the file. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

/**
 * A file for what has no room in memory. Its name is taken away as soon as it is open, so that nothing is left of it however
 * the process ends; where the system does not allow that, it goes when it is closed.
 */
export class ScratchFile {
  readonly #descriptor: number;
  #folder?: string;
  #length = 0;
  /** Stretches that were given back, ascending and apart. */
  #free: readonly Stretch[] = [];
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

  /** Bytes of the file. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes bytes where there is room.
   *
   * @param bytes The bytes.
   * @returns Where they begin.
   * @throws What the system says, when the disk is full; what was there stays readable.
   */
  write(bytes: Uint8Array): number {
    const length = bytes.length;
    const gap = this.#free.find(({ start, end }) => end - start >= length);
    const start = gap?.start ?? this.#length;
    for (let done = 0; done < length;) {
      const most = Math.min(BYTES_AT_ONCE, length - done);
      done += writeSync(this.#descriptor, bytes, done, most, start + done);
    }
    if (gap === undefined) {
      this.#length += length;
    } else {
      const rest = { start: start + length, end: gap.end };
      this.#free = this.#free.flatMap((each) =>
        each !== gap ? each : rest.start < rest.end ? rest : []
      );
    }
    return start;
  }

  /**
   * Reads bytes.
   *
   * @param start Where they begin.
   * @param bytes Receives them; as many are read as have room in it.
   * @throws What the system says, or that there are not as many.
   */
  readInto(start: number, bytes: Uint8Array): void {
    readInto(this.#descriptor, start, bytes);
  }

  /**
   * Gives room back to what is written later.
   *
   * @param start Where what is no longer needed begins.
   * @param length Its bytes.
   */
  free(start: number, length: number): void {
    const sorted = [...this.#free, { start, end: start + length }].sort((a, b) =>
      a.start - b.start
    );
    this.#free = sorted.reduce<Stretch[]>((joined, each) => {
      const last = joined.at(-1);
      return last?.end === each.start
        ? [...joined.slice(0, -1), { start: last.start, end: each.end }]
        : [...joined, each];
    }, []);
  }

  /**
   * Writes doubles.
   *
   * @param values The doubles.
   * @returns Where they begin, for {@link read}.
   * @throws What the system says, when the disk is full; what was there stays readable.
   */
  append(values: Float64Array): number {
    return this.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
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
  readInto(descriptor, start, bytes);
  return bytes;
}

function readInto(descriptor: number, start: number, bytes: Uint8Array): void {
  const { length } = bytes;
  for (let done = 0; done < length;) {
    const most = Math.min(BYTES_AT_ONCE, length - done);
    const count = readSync(descriptor, bytes, done, most, start + done);
    if (count === 0) throw new RangeError(`found ${done} bytes at ${start}, wanted ${length}`);
    done += count;
  }
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
