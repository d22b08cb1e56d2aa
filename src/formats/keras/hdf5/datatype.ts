import type { FileBytes } from "./file_bytes.ts";

/** How one element is stored. */
export interface Datatype {
  /** `text` is a string elsewhere in the file (of variable length), `string` one of fixed length in place. */
  readonly kind: "float" | "bfloat" | "integer" | "string" | "text" | "other";
  /** Bytes of one element. */
  readonly bytes: number;
  /** Byte order of numbers. */
  readonly littleEndian: boolean;
  /** Whether an integer has a sign. */
  readonly signed: boolean;
}

const CLASS = { integer: 0, float: 1, string: 3, enumeration: 8, variable: 9 };

/**
 * Reads a datatype message (HDF5 specification, IV.A.2.d).
 *
 * @param file The file.
 * @param offset Where the message begins.
 * @returns The type; `other` for the classes that Keras does not write.
 */
export function readDatatype(file: FileBytes, offset: number): Datatype {
  const family = file.uint8(offset) & 0x0f;
  const flags = file.uint8(offset + 1);
  const bytes = file.uint32(offset + 4);
  const littleEndian = (flags & 1) === 0;
  const form = { bytes, littleEndian, signed: false };
  if (family === CLASS.float) {
    const exponentBits = file.uint8(offset + 13);
    return { ...form, kind: bytes === 2 && exponentBits === 8 ? "bfloat" : "float" };
  }
  if (family === CLASS.integer) return { ...form, kind: "integer", signed: (flags & 8) !== 0 };
  const isEnumerated = family === CLASS.enumeration &&
    (file.uint8(offset + 8) & 0x0f) === CLASS.integer;
  if (isEnumerated) return { ...readDatatype(file, offset + 8), bytes };
  if (family === CLASS.string) return { ...form, kind: "string" };
  return { ...form, kind: family === CLASS.variable && (flags & 15) === 1 ? "text" : "other" };
}

/**
 * Reads a dataspace message (HDF5 specification, IV.A.2.b).
 *
 * @param file The file.
 * @param offset Where the message begins.
 * @returns Extent of every axis; empty for a scalar; one axis of 0 for a space without elements.
 */
export function readExtents(file: FileBytes, offset: number): number[] {
  const version = file.uint8(offset);
  if (version !== 1 && version !== 2) throw file.fault(`a dataspace of version ${version}`);
  const isEmpty = version === 2 && file.uint8(offset + 3) === 2;
  if (isEmpty) return [0];
  const rank = file.uint8(offset + 1);
  const start = offset + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, axis) => file.length(start + 8 * axis));
}

/**
 * Whether elements are IEEE numbers of half precision.
 *
 * @param type How an element is stored.
 * @returns False for bfloat16 too.
 */
export function isFloat16({ kind, bytes }: Datatype): boolean {
  return kind === "float" && bytes === 2;
}

/**
 * Number of elements of a shape.
 *
 * @param shape Extent of every axis.
 * @returns Their product; infinite or inexact where it is beyond what a file can hold.
 */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((count, extent) => count * extent, 1);
}
