import { InputError } from "../errors.ts";

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
 * endian. The file is written beside its place first and then renamed.
 *
 * @param path Where to.
 * @param metadata Texts by name.
 * @param tensors The arrays.
 * @throws {InputError} When the file cannot be written; what was there stays.
 */
export async function writeSafetensors(
  path: string,
  metadata: Readonly<Record<string, string>>,
  tensors: readonly NamedTensor[],
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
  const staging = `${path}.${crypto.randomUUID()}`;
  try {
    const file = await Deno.open(staging, { write: true, createNew: true });
    const writer = file.writable.getWriter();
    for (const bytes of [length, header, ...tensors.map(({ values }) => bytesOf(values))]) {
      await writer.write(bytes);
    }
    await writer.close();
    await Deno.rename(staging, path);
  } catch (error) {
    await Deno.remove(staging).catch(() => {});
    throw new InputError(`writing ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Reads what {@link writeSafetensors} wrote, or any safetensors file of doubles.
 *
 * @param path Where from.
 * @returns Texts and arrays.
 * @throws {InputError} When it cannot be read, is no such file, or was cut off; nothing of the size that a header
 * claims is reserved before the file is known to be that long.
 */
export async function readSafetensors(
  path: string,
): Promise<{ metadata: Record<string, string>; tensors: NamedTensor[] }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw new InputError(`reading ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const { size } = await file.stat();
    const headerLength = size < LENGTH_BYTES ? Infinity : Number(
      new DataView((await readBytes(file, LENGTH_BYTES)).buffer).getBigUint64(0, true),
    );
    if (headerLength > Math.min(size - LENGTH_BYTES, LARGEST_HEADER)) throw notSafetensors(path);
    const { [METADATA]: metadata = {}, ...entries } = parseHeader(
      path,
      await readBytes(file, headerLength),
    );
    const start = LENGTH_BYTES + headerLength;
    const tensors: NamedTensor[] = [];
    for (const [name, entry] of Object.entries(entries as Record<string, TensorEntry>)) {
      checkEntry(path, name, entry, size - start);
      const [begin, end] = entry.data_offsets;
      await file.seek(start + begin, Deno.SeekMode.Start);
      const bytes = await readBytes(file, end - begin);
      tensors.push({ name, shape: entry.shape, values: new Float64Array(bytes.buffer) });
    }
    return { metadata: metadata as Record<string, string>, tensors };
  } finally {
    file.close();
  }
}

function notSafetensors(path: string): InputError {
  return new InputError(
    `reading ${path}: found no safetensors header, wanted a file that \`calibrate\` wrote`,
  );
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return header;
  } catch {
    // Anything that is no JSON is no safetensors file.
  }
  throw notSafetensors(path);
}

function checkEntry(path: string, name: string, entry: TensorEntry, available: number): void {
  const { dtype, shape, data_offsets: [begin, end] = [NaN, NaN] } = entry;
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent));
  const bytes = isShape ? shape.reduce((product, extent) => product * extent, 8) : NaN;
  if (dtype === "F64" && begin >= 0 && end - begin === bytes && end <= available) return;
  throw new InputError(
    `reading ${path}: tensor "${name}" is ${dtype} of shape ${JSON.stringify(shape)} at bytes ` +
      `${begin} to ${end} of ${available}, wanted doubles that fill their place; ` +
      `the file is damaged or was cut off, make it again with \`calibrate\``,
  );
}

async function readBytes(file: Deno.FsFile, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw new InputError(`reading: found ${filled} bytes, wanted ${length}`);
    filled += read;
  }
  return bytes;
}

function bytesOf(values: Float64Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}
