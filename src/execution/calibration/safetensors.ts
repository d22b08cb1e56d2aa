import { type FileHandle, open } from "node:fs/promises";
import { fileError, InputError, parseJson, writeWholeFile } from "../../base/mod.ts";

/** A named array of doubles. */
export interface NamedTensor {
  /** Its name. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its values, row by row. */
  readonly values: Float64Array;
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
 * @param tensors The arrays.
 * @param signal Interrupts the writing.
 * @throws {InputError} When the file cannot be written; what was there stays, and nothing else is left.
 * @throws The signal's reason, when it interrupts; the same holds.
 */
export async function writeSafetensors(
  path: string,
  metadata: Readonly<Record<string, string>>,
  tensors: readonly NamedTensor[],
  signal?: AbortSignal,
): Promise<void> {
  let offset = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const data_offsets = [offset, offset += values.byteLength];
    return [name, { dtype: "F64", shape, data_offsets }];
  });
  const json = JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  header.set(text);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const parts = [length, header, ...tensors.map(({ values }) => bytesOf(values))];
  await writeWholeFile(path, parts, signal);
}

/**
 * Reads what {@link writeSafetensors} wrote, or any safetensors file of doubles.
 *
 * @param path Where from.
 * @param isWanted Which arrays are read, by name; the others are checked for their place alone. Default: all.
 * @returns Texts and arrays.
 * @throws {InputError} When it cannot be read, is no such file, or was cut off; nothing of the size that a header
 * claims is reserved before the file is known to be that long.
 */
export async function readSafetensors(
  path: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<{ metadata: Record<string, string>; tensors: NamedTensor[] }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    const headerLength = size < LENGTH_BYTES ? Infinity : Number(
      new DataView((await readPart(file, 0, LENGTH_BYTES)).buffer).getBigUint64(0, true),
    );
    if (headerLength > Math.min(size - LENGTH_BYTES, LARGEST_HEADER)) throw notSafetensors(path);
    const { [METADATA]: metadata = {}, ...entries } = parseHeader(
      path,
      await readPart(file, LENGTH_BYTES, headerLength),
    );
    const start = LENGTH_BYTES + headerLength;
    checkEntries(path, entries, size - start);
    const tensors: NamedTensor[] = [];
    for (const [name, entry] of Object.entries(entries)) {
      if (!isWanted(name)) continue;
      const [begin, end] = entry.data_offsets;
      const bytes = await readPart(file, start + begin, end - begin);
      tensors.push({ name, shape: entry.shape, values: new Float64Array(bytes.buffer) });
    }
    return { metadata: metadata as Record<string, string>, tensors };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw fileError(`reading ${path}`, error);
  } finally {
    await file?.close();
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

async function readPart(
  file: FileHandle,
  start: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) {
      throw new InputError(
        `reading: found ${filled} bytes, wanted ${length}; the file is damaged, make it again`,
      );
    }
    filled += bytesRead;
  }
  return bytes;
}

function bytesOf(values: Float64Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
