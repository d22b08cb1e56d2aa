import { readChunks } from "./chunks.ts";
import { countElements, type Datatype, readDatatype, readExtents } from "./datatype.ts";
import type { FileBytes } from "./file_bytes.ts";
import { type HeaderMessage, MESSAGE } from "./object_header.ts";

/** An array as it is stored. */
export interface StoredArray {
  /** Extent of every axis. */
  readonly shape: number[];
  /** Type of the elements. */
  readonly datatype: Datatype;
  /** The elements in row-major order; they may share memory with the file. */
  readonly bytes: Uint8Array;
}

/** Compressed weights are rarely below half their size; this bounds what a small file can ask for. */
const MAX_INFLATION = 100;

const LAYOUT = { compact: 0, contiguous: 1, chunked: 2 };

/**
 * Reads an array (HDF5 specification, IV.A.2.i).
 *
 * @param file The file.
 * @param messages Header of the dataset.
 * @returns Its shape, type and bytes.
 * @throws {InputError} When it is no dataset or damaged, declares more than the file can hold, or has a layout that
 * Keras does not write.
 */
export function readStoredArray(
  file: FileBytes,
  messages: readonly HeaderMessage[],
): StoredArray {
  const startOf = (type: number) => messages.find((message) => message.type === type)?.start;
  const [spaceAt, typeAt, layoutAt] = [MESSAGE.dataspace, MESSAGE.datatype, MESSAGE.layout]
    .map(startOf);
  if (spaceAt === undefined || typeAt === undefined || layoutAt === undefined) {
    throw file.fault("a group or an incomplete array", "an array");
  }
  const shape = readExtents(file, spaceAt);
  const datatype = readDatatype(file, typeAt);
  const wantedBytes = countElements(shape) * datatype.bytes;
  if (wantedBytes > file.bytes.length * MAX_INFLATION) {
    throw file.fault(
      `an array of shape [${shape.join(", ")}] in a file of ${file.bytes.length} bytes`,
    );
  }
  const filtersAt = startOf(MESSAGE.filters);
  const filters = filtersAt === undefined ? [] : readFilters(file, filtersAt);
  const bytes = readLayout(file, layoutAt, { shape, elementBytes: datatype.bytes, filters });
  if (bytes.length !== wantedBytes) {
    throw file.fault(`an array of ${bytes.length} bytes`, `${wantedBytes}`);
  }
  return { shape, datatype, bytes };
}

function readLayout(
  file: FileBytes,
  start: number,
  array: { shape: readonly number[]; elementBytes: number; filters: readonly number[] },
): Uint8Array {
  const version = file.uint8(start);
  const layout = file.uint8(start + 1);
  if (version < 3 || version > 4) throw file.unsupported(`an array layout of version ${version}`);
  if (layout === LAYOUT.compact) return file.span(start + 4, file.uint16(start + 2));
  if (layout === LAYOUT.contiguous) {
    const address = file.address(start + 2);
    const bytes = countElements(array.shape) * array.elementBytes;
    return address === undefined ? new Uint8Array(bytes) : file.span(address, bytes);
  }
  if (layout !== LAYOUT.chunked || version !== 3) {
    throw file.unsupported(`an array layout of class ${layout}, version ${version}`);
  }
  const rank = file.uint8(start + 2) - 1;
  if (rank !== array.shape.length || rank < 1) throw file.fault(`chunks of ${rank} axes`);
  const chunkShape = Array.from(
    { length: rank },
    (_, axis) => file.uint32(start + 11 + 4 * axis),
  );
  if (countElements(chunkShape) * array.elementBytes > file.bytes.length * MAX_INFLATION) {
    throw file.fault(`chunks of shape [${chunkShape.join(", ")}]`);
  }
  return readChunks(file, { ...array, tree: file.address(start + 3), chunkShape });
}

/** The numbers of the filters; version 1 pads names and an odd count of values to eight bytes. */
function readFilters(file: FileBytes, start: number): number[] {
  const version = file.uint8(start);
  const count = file.uint8(start + 1);
  let offset = start + (version === 1 ? 8 : 2);
  return Array.from({ length: count }, () => {
    const filter = file.uint16(offset);
    const hasName = version === 1 || filter >= 256;
    const nameBytes = hasName ? file.uint16(offset + 2) : 0;
    const values = file.uint16(offset + (hasName ? 6 : 4));
    offset += hasName ? 8 : 6;
    offset += version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes;
    offset += 4 * (version === 1 ? values + values % 2 : values);
    return filter;
  });
}
