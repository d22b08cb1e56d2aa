import { closeSync, fstatSync, openSync } from "node:fs";
import {
  fileError,
  InputError,
  ownValue,
  parseJson,
  readPart,
  writeWholeFile,
} from "../../base/mod.ts";

/** Name and shape of an array of doubles. */
export interface TensorShape {
  /** Its name. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
}

/** What a header says of one tensor: type, shape, and where its bytes lie behind the header. */
interface TensorEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
const LARGEST_HEADER = 100_000_000;
const METADATA = "__metadata__";

/**
 * Writes doubles in the safetensors format: a header of JSON behind its length in 64 bits, then the arrays, little
 * endian.
 *
 * @param path Where to.
 * @param metadata Texts by name.
 * @param tensors The arrays' names and shapes.
 * @param values Their values, row by row, in the same order; they are asked for one after the other.
 * @param signal Interrupts the writing.
 * @throws {InputError} When the file cannot be written; what was there stays, and nothing else is left.
 * @throws {TypeError} When an array does not have its shape.
 * @throws The signal's reason, when it interrupts; the same holds.
 */
export async function writeSafetensors(
  path: string,
  metadata: Readonly<Record<string, string>>,
  tensors: readonly TensorShape[],
  values: Iterable<Float64Array>,
  signal?: AbortSignal,
): Promise<void> {
  let offset = 0;
  const entries = tensors.map(({ name, shape }) => {
    const data_offsets = [offset, offset += bytesOfShape(shape)];
    return [name, { dtype: "F64", shape, data_offsets }];
  });
  const json = JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  header.set(text);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  await writeWholeFile(path, partsOf([length, header], tensors, values), signal);
}

/** What the file holds, part by part. */
function* partsOf(
  head: readonly Uint8Array[],
  tensors: readonly TensorShape[],
  values: Iterable<Float64Array>,
): Generator<Uint8Array> {
  yield* head;
  let index = 0;
  for (const array of values) {
    const { name, shape } = tensors[index++];
    if (array.byteLength !== bytesOfShape(shape)) {
      throw new TypeError(
        `write tensor "${name}": ${array.length} values, wanted ${shape.join("×")}`,
      );
    }
    yield new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
  }
}

function bytesOfShape(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, Float64Array.BYTES_PER_ELEMENT);
}

/** An open file that {@link writeSafetensors} wrote, or any safetensors file of doubles; its arrays are read one by one. */
export class SafetensorsFile {
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #entries: Readonly<Record<string, TensorEntry>>;
  /** Where the arrays begin. */
  readonly #start: number;

  /**
   * Opens a file and checks its header against its length.
   *
   * @param path Where from.
   * @throws {InputError} When it cannot be read, is no such file, or was cut off; nothing of the size that a header
   * claims is reserved before the file is known to be that long.
   */
  constructor(path: string) {
    this.#path = path;
    this.#descriptor = orFileError(path, () => openSync(path, "r"));
    try {
      const { size } = fstatSync(this.#descriptor);
      const headerLength = size < LENGTH_BYTES ? Infinity : Number(
        new DataView(this.#readBytes(0, LENGTH_BYTES).buffer).getBigUint64(0, true),
      );
      if (headerLength > Math.min(size - LENGTH_BYTES, LARGEST_HEADER)) throw notSafetensors(path);
      const { [METADATA]: metadata = {}, ...entries } = parseHeader(
        path,
        this.#readBytes(LENGTH_BYTES, headerLength),
      );
      this.#start = LENGTH_BYTES + headerLength;
      checkEntries(path, entries, size - this.#start);
      this.metadata = metadata as Record<string, unknown>;
      this.#entries = entries;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** How many numbers an array has; undefined where there is none of that name. */
  lengthOf(name: string): number | undefined {
    const entry = ownValue(this.#entries, name);
    return entry && bytesOfShape(entry.shape) / Float64Array.BYTES_PER_ELEMENT;
  }

  /**
   * Reads an array.
   *
   * @param name Its name, which must be there.
   * @returns Its values.
   * @throws {InputError} When it cannot be read.
   */
  read(name: string): Float64Array {
    const [begin, end] = this.#entries[name].data_offsets;
    return new Float64Array(this.#readBytes(this.#start + begin, end - begin).buffer);
  }

  #readBytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    return orFileError(this.#path, () => readPart(this.#descriptor, start, length));
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#descriptor);
  }
}

function orFileError<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (!(error instanceof RangeError)) throw fileError(`reading ${path}`, error);
    throw new InputError(
      `reading ${path}: ${error.message}; the file is damaged, make it again with \`calibrate\``,
    );
  }
}

function notSafetensors(path: string): InputError {
  return new InputError(
    `reading ${path}: found no safetensors header, wanted a file that \`calibrate\` wrote; ` +
      `give such a file, or another name to have one written`,
  );
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) {
      return header as Record<string, unknown>;
    }
  } catch {
    // Anything that is no JSON is no safetensors file.
  }
  throw notSafetensors(path);
}

/** The arrays must be doubles that lie one behind the other and fill the file. */
function checkEntries(
  path: string,
  entries: Record<string, unknown>,
  available: number,
): asserts entries is Record<string, TensorEntry> {
  for (const [name, entry] of Object.entries(entries)) checkEntry(path, name, entry, available);
  const places = Object.values(entries as Record<string, TensorEntry>)
    .map(({ data_offsets }) => data_offsets).toSorted(([a], [b]) => a - b);
  const filled = places.reduce((place, [begin, end]) => begin === place ? end : NaN, 0);
  if (filled === available) return;
  throw new InputError(
    `reading ${path}: found arrays with gaps, overlaps or bytes behind them; ` +
      `the file is damaged, make it again with \`calibrate\``,
  );
}

function checkEntry(path: string, name: string, entry: unknown, available: number): void {
  const { dtype, shape, data_offsets } = (entry ?? {}) as Partial<TensorEntry>;
  const [begin, end] = Array.isArray(data_offsets) ? data_offsets : [NaN, NaN];
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent));
  const bytes = isShape ? shape.reduce((product, extent) => product * extent, 8) : NaN;
  if (dtype === "F64" && begin >= 0 && end - begin === bytes && end <= available) return;
  throw new InputError(
    `reading ${path}: tensor "${name}" is ${dtype} of shape ${JSON.stringify(shape)} at bytes ` +
      `${begin} to ${end} of ${available}, wanted doubles that fill their place; ` +
      `the file is damaged or was cut off, make it again with \`calibrate\``,
  );
}
