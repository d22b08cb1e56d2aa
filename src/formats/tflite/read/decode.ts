import { InputError } from "../../../base/mod.ts";
import { type Field, type Schema, tableOfUnion } from "../field.ts";
import type { TfliteModel } from "../model.ts";
import { TFLITE_SCHEMA } from "../schema.ts";

/** Bytes that tables and lists may take together, as a multiple of the file: several tensors may share one of them. */
const MOST_SHARED = 4;

/**
 * Takes a TensorFlow Lite file apart. Nothing is read from outside the file, and lists that refer to one another cannot
 * take much more memory than it: every byte that is read is counted.
 *
 * @param bytes The file.
 * @param path Its path, for messages.
 * @returns What is in it; bytes of weights are views of the file.
 * @throws {InputError} When it is truncated, or an offset or length leads out of it.
 */
export function decodeTflite(bytes: Uint8Array, path: string): TfliteModel {
  try {
    return decodeTables(TFLITE_SCHEMA, "Model", bytes) as TfliteModel;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `reading ${path}: found an offset or a length that leads out of the file of ${bytes.length} bytes, ` +
        `wanted a whole TensorFlow Lite file; copy or export it again`,
      { cause: error },
    );
  }
}

/**
 * Takes a flatbuffer apart. Nothing is read from outside of it, and every byte that is read is counted.
 *
 * @param schema Its schema.
 * @param root Name of the table that all others hang on.
 * @param bytes The flatbuffer.
 * @returns What is in it; lists of bytes are views of it.
 * @throws {RangeError} When it is truncated, or an offset or length leads out of it.
 */
export function decodeTables(
  schema: Schema,
  root: string,
  bytes: Uint8Array,
): Record<string, unknown> {
  const decoder = new Decoder(schema, bytes);
  return decoder.readTable(decoder.follow(0), root);
}

class Decoder {
  readonly #schema: Schema;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #left: number;

  constructor(schema: Schema, bytes: Uint8Array) {
    this.#schema = schema;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#left = MOST_SHARED * bytes.length;
  }

  /** Where the offset at a place leads. */
  follow(place: number): number {
    return place + this.#view.getUint32(place, true);
  }

  readTable(place: number, name: string): Record<string, unknown> {
    const fields = this.#schema.tables[name];
    const slots = place - this.#view.getInt32(place, true);
    const known = Math.floor(this.#view.getUint16(slots, true) / 2) - 2;
    this.#spend(4 + 2 * fields.length);
    const table: Record<string, unknown> = {};
    fields.forEach((field, slot) => {
      if (field === undefined) return;
      const offset = slot < known ? this.#view.getUint16(slots + 4 + 2 * slot, true) : 0;
      if (offset > 0) table[field.name] = this.#readField(place + offset, field, table);
      else if (field.fallback !== undefined) table[field.name] = field.fallback;
    });
    return table;
  }

  #readField(place: number, { type }: Field, table: Record<string, unknown>): unknown {
    if (typeof type === "object") {
      if ("union" in type) {
        const known = tableOfUnion(this.#schema, type, table);
        return known && this.readTable(this.follow(place), known);
      }
      if ("table" in type) return this.readTable(this.follow(place), type.table);
      return this.#readList(place, 4, (entry) => this.readTable(this.follow(entry), type.tables));
    }
    const view = this.#view;
    switch (type) {
      case "bool":
        return view.getUint8(place) !== 0;
      case "byte":
        return view.getUint8(place);
      case "int":
        return view.getInt32(place, true);
      case "uint":
        return view.getUint32(place, true);
      case "ulong":
        return Number(view.getBigUint64(place, true));
      case "float":
        return view.getFloat32(place, true);
      case "string":
        return this.#readText(place);
      case "[byte]":
        return this.#readBytes(place);
      case "[bool]":
        return Array.from(this.#readBytes(place), (value) => value !== 0);
      case "[int]":
        return this.#readList(place, 4, (entry) => view.getInt32(entry, true));
      case "[long]":
        return this.#readList(place, 8, (entry) => Number(view.getBigInt64(entry, true)));
      case "[float]":
        return this.#readList(place, 4, (entry) => view.getFloat32(entry, true));
    }
  }

  #readBytes(place: number): Uint8Array {
    const start = this.follow(place);
    return this.#bytes.subarray(start + 4, this.#endOf(start, 1));
  }

  #readText(place: number): string {
    const bytes = this.#readBytes(place);
    this.#spend(bytes.length);
    return new TextDecoder().decode(bytes);
  }

  #readList<Entry>(place: number, size: number, read: (place: number) => Entry): Entry[] {
    const start = this.follow(place);
    const end = this.#endOf(start, size);
    this.#spend(end - start);
    const entries: Entry[] = [];
    for (let entry = start + 4; entry < end; entry += size) entries.push(read(entry));
    return entries;
  }

  /** The end of a list that starts with its length. */
  #endOf(start: number, size: number): number {
    const end = start + 4 + size * this.#view.getUint32(start, true);
    if (end <= this.#bytes.length) return end;
    throw new RangeError(`a list from ${start} to ${end} leaves the file`);
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new RangeError("tables are read again and again");
  }
}
