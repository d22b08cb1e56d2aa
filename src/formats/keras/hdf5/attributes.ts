import { countElements, type Datatype, readDatatype, readExtents } from "./datatype.ts";
import type { FileBytes } from "./file_bytes.ts";
import { type HeaderMessage, MESSAGE } from "./object_header.ts";

/** Elements of an attribute that are strings; undefined for attributes of numbers. */
export type AttributeText = string[] | undefined;

/**
 * Reads the attributes of an object (HDF5 specification, IV.A.2.m).
 *
 * @param file The file.
 * @param messages Header of the object.
 * @returns By name, the strings of each attribute (one for a scalar); undefined for numbers.
 * @throws {InputError} When one is damaged, or they are stored in a heap.
 */
export function readAttributes(
  file: FileBytes,
  messages: readonly HeaderMessage[],
): Map<string, AttributeText> {
  const attributes = new Map<string, AttributeText>();
  for (const { type, start } of messages) {
    if (type === MESSAGE.attributeInfo && isDense(file, start)) {
      throw file.unsupported("attributes that are stored in a heap");
    }
    if (type !== MESSAGE.attribute) continue;
    const { name, datatype, extents, value } = locateParts(file, start);
    attributes.set(name, readStrings(file, value, datatype, countElements(extents)));
  }
  return attributes;
}

function isDense(file: FileBytes, start: number): boolean {
  const hasOrder = (file.uint8(start + 1) & 1) !== 0;
  return file.address(start + 2 + (hasOrder ? 2 : 0)) !== undefined;
}

/** Name, datatype, dataspace and value follow one another; version 1 pads each to eight bytes. */
function locateParts(file: FileBytes, start: number) {
  const version = file.uint8(start);
  if (version < 1 || version > 3) throw file.fault(`an attribute of version ${version}`);
  if (version > 1 && file.uint8(start + 1) !== 0) throw file.unsupported("a shared datatype");
  const padded = (bytes: number) => version === 1 ? Math.ceil(bytes / 8) * 8 : bytes;
  const nameBytes = file.uint16(start + 2);
  const nameAt = start + (version === 3 ? 9 : 8);
  const typeAt = nameAt + padded(nameBytes);
  const spaceAt = typeAt + padded(file.uint16(start + 4));
  return {
    name: file.text(nameAt, nameBytes),
    datatype: readDatatype(file, typeAt),
    extents: readExtents(file, spaceAt),
    value: spaceAt + padded(file.uint16(start + 6)),
  };
}

function readStrings(
  file: FileBytes,
  start: number,
  { kind, bytes }: Datatype,
  count: number,
): AttributeText {
  if (kind !== "string" && kind !== "text") return undefined;
  file.span(start, count * Math.max(1, bytes));
  let heapBytes = 0;
  return Array.from({ length: count }, (_, index) => {
    const offset = start + index * bytes;
    if (kind === "string") return file.text(offset, bytes);
    heapBytes += file.uint32(offset);
    if (heapBytes > file.bytes.length) throw file.fault(`strings of ${heapBytes} bytes`);
    return readHeapText(file, offset);
  });
}

/** A string of variable length: its length, the heap it is in and its number there (III.E of the specification). */
function readHeapText(file: FileBytes, offset: number): string {
  const length = file.uint32(offset);
  const heap = file.address(offset + 4);
  const wanted = file.uint32(offset + 12);
  if (length === 0 || heap === undefined) return "";
  file.requireSignature(heap, "GCOL");
  const end = heap + file.length(heap + 8);
  let entry = heap + 16;
  while (entry + 16 <= end) {
    const index = file.uint16(entry);
    if (index === wanted) return file.text(entry + 16, length);
    if (index === 0) break;
    entry += 16 + Math.ceil(file.length(entry + 8) / 8) * 8;
  }
  throw file.fault(`no string ${wanted} in the heap at byte ${heap}`);
}
