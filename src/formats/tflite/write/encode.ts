import { Builder, type Offset } from "flatbuffers";
import { type Field, type Schema, tableOfUnion } from "../field.ts";
import type { TfliteModel } from "../model.ts";
import { TFLITE_SCHEMA } from "../schema.ts";

/** What a file of this format has behind its first four bytes. */
const IDENTIFIER = "TFL3";

/** Alignment of weights, so that they can be used where they lie. */
const BUFFER_ALIGNMENT = 16;

/** Room for the tables beside the weights; the builder takes more when it must. */
const TABLE_BYTES = 65_536;

type Plain = Readonly<Record<string, unknown>>;

/**
 * Puts a TensorFlow Lite file together, the inverse of `decodeTflite()`.
 *
 * @param model What is to be in it.
 * @returns The file.
 */
export function encodeTflite(model: TfliteModel): Uint8Array {
  const weights = (model.buffers ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  const builder = new Builder(weights + TABLE_BYTES);
  return encodeTables(TFLITE_SCHEMA, "Model", model as Plain, { identifier: IDENTIFIER, builder });
}

/**
 * Puts a flatbuffer together, the inverse of `decodeTables()`.
 *
 * @param schema Its schema.
 * @param root Name of the table that all others hang on.
 * @param content What is to be in that.
 * @param format What it has behind its first four bytes, and what puts it together.
 * @returns The flatbuffer.
 */
export function encodeTables(
  schema: Schema,
  root: string,
  content: Plain,
  { identifier, builder = new Builder() }: { identifier: string; builder?: Builder },
): Uint8Array {
  builder.finish(new TableWriter(schema, builder).add(root, content), identifier);
  return builder.asUint8Array();
}

class TableWriter {
  readonly #schema: Schema;
  readonly #builder: Builder;

  constructor(schema: Schema, builder: Builder) {
    this.#schema = schema;
    this.#builder = builder;
  }

  /** A table; what it refers to is written ahead of it. */
  add(name: string, content: Plain): Offset {
    const fields = this.#schema.tables[name];
    const places = fields.map((field) => field && this.#addReferred(field, content));
    this.#builder.startObject(fields.length);
    fields.forEach((field, slot) => {
      if (field === undefined || content[field.name] === undefined) return;
      const place = places[slot];
      if (place === undefined) addScalar(this.#builder, slot, field, Number(content[field.name]));
      else this.#builder.addFieldOffset(slot, place, 0);
    });
    return this.#builder.endObject();
  }

  /** What a field refers to; undefined where it is a number of its own. */
  #addReferred({ name, type }: Field, content: Plain): Offset | undefined {
    const value = content[name];
    if (value === undefined) return undefined;
    const builder = this.#builder;
    if (typeof type === "object") {
      if ("union" in type) {
        return this.add(tableOfUnion(this.#schema, type, content)!, value as Plain);
      }
      if ("table" in type) return this.add(type.table, value as Plain);
      return addOffsets(builder, (value as Plain[]).map((one) => this.add(type.tables, one)));
    }
    if (type === "string") return builder.createString(value as string);
    if (type === "[byte]") {
      const bytes = value as Uint8Array;
      builder.prep(BUFFER_ALIGNMENT, bytes.length);
      return builder.createByteVector(bytes);
    }
    if (type === "[bool]") return builder.createByteVector(Uint8Array.from(value as number[]));
    return type.startsWith("[") ? addNumbers(builder, type, value as number[]) : undefined;
  }
}

function addOffsets(builder: Builder, offsets: readonly Offset[]): Offset {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

function addNumbers(builder: Builder, type: string, numbers: readonly number[]): Offset {
  const size = type === "[long]" ? 8 : 4;
  builder.startVector(size, numbers.length, size);
  for (const number of numbers.toReversed()) {
    if (type === "[long]") builder.addInt64(BigInt(number));
    else if (type === "[float]") builder.addFloat32(number);
    else builder.addInt32(number);
  }
  return builder.endVector();
}

function addScalar(
  builder: Builder,
  slot: number,
  { type, fallback = 0 }: Field,
  value: number,
): void {
  if (type === "float") builder.addFieldFloat32(slot, value, fallback);
  else if (type === "bool" || type === "byte") builder.addFieldInt8(slot, value, fallback);
  else if (type === "ulong") builder.addFieldInt64(slot, BigInt(value), BigInt(fallback));
  else builder.addFieldInt32(slot, value, fallback);
}
