import { unzlibSync } from "fflate";
import { countElements } from "./datatype.ts";
import type { FileBytes } from "./file_bytes.ts";

/** Filters of the HDF5 specification, IV.A.2.l, that are undone. */
const FILTER = { deflate: 1, shuffle: 2, checksum: 3 };

/** An array that is stored in pieces. */
export interface ChunkedArray {
  /** Root of the tree of chunks; undefined when none was ever written. */
  tree: number | undefined;
  /** Extent of every axis. */
  shape: readonly number[];
  /** Extent of every axis of a chunk. */
  chunkShape: readonly number[];
  /** Bytes of an element. */
  elementBytes: number;
  /** Filters in the order they were applied. */
  filters: readonly number[];
}

interface Chunk {
  address: number;
  storedBytes: number;
  /** Bit i is set where filter i was not applied. */
  skipped: number;
  /** First element, by axis. */
  offsets: number[];
}

/**
 * Joins the chunks of an array; what no chunk covers is zero.
 *
 * @param file The file.
 * @param array What is known of the array; its size has been checked.
 * @returns The elements' bytes in row-major order.
 * @throws {InputError} When the tree is damaged or leads into itself, a chunk does not inflate to its size, or a filter
 * is not known.
 */
export function readChunks(file: FileBytes, array: ChunkedArray): Uint8Array {
  const joined = new Uint8Array(countElements(array.shape) * array.elementBytes);
  if (array.tree === undefined) return joined;
  const chunks = listChunks(file, array.tree, array.shape.length);
  const wanted = array.shape.reduce(
    (count, extent, axis) => count * Math.ceil(extent / array.chunkShape[axis]),
    1,
  );
  if (chunks.length > wanted) throw file.fault(`${chunks.length} chunks`, `at most ${wanted}`);
  for (const chunk of chunks) {
    placeChunk(joined, unfilter(file, chunk, array), chunk.offsets, array);
  }
  return joined;
}

/** A node of the tree (III.A.1): a key of 8 + 8·(rank + 1) bytes before every child. */
function listChunks(file: FileBytes, root: number, rank: number): Chunk[] {
  const chunks: Chunk[] = [];
  const visited = new Set<number>();
  const pending = [root];
  const keyBytes = 8 + 8 * (rank + 1);
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (visited.has(node)) throw file.fault("a tree of chunks that leads into itself");
    visited.add(node);
    file.requireSignature(node, "TREE");
    const isLeaf = file.uint8(node + 5) === 0;
    for (let index = 0; index < file.uint16(node + 6); index++) {
      const key = node + 24 + index * (keyBytes + 8);
      const address = file.length(key + keyBytes);
      if (!isLeaf) {
        pending.push(address);
        continue;
      }
      const offsets = Array.from({ length: rank }, (_, axis) => file.length(key + 8 + 8 * axis));
      chunks.push({
        address,
        storedBytes: file.uint32(key),
        skipped: file.uint32(key + 4),
        offsets,
      });
    }
  }
  return chunks;
}

function unfilter(file: FileBytes, chunk: Chunk, array: ChunkedArray): Uint8Array {
  const chunkBytes = countElements(array.chunkShape) * array.elementBytes;
  let bytes = file.span(chunk.address, chunk.storedBytes);
  for (let index = array.filters.length - 1; index >= 0; index--) {
    if (chunk.skipped & (1 << index)) continue;
    const filter = array.filters[index];
    if (filter === FILTER.deflate) bytes = inflate(file, bytes, chunkBytes);
    else if (filter === FILTER.shuffle) bytes = unshuffle(bytes, array.elementBytes);
    else if (filter === FILTER.checksum) bytes = bytes.subarray(0, -4);
    else throw file.unsupported(`a compressed array (filter ${filter})`);
  }
  if (bytes.length !== chunkBytes) {
    throw file.fault(`a chunk of ${bytes.length} bytes`, `${chunkBytes}`);
  }
  return bytes;
}

/** A checksum may still follow the elements, so there is room for its four bytes. */
function inflate(file: FileBytes, bytes: Uint8Array, chunkBytes: number): Uint8Array {
  try {
    return unzlibSync(bytes, { out: new Uint8Array(chunkBytes + 4) });
  } catch (error) {
    throw file.fault(`a chunk that does not inflate (${(error as Error).message})`);
  }
}

/** Shuffled: the first bytes of all elements, then the second bytes, and so on. */
function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const plain = bytes.slice();
  for (let element = 0; element < count; element++) {
    for (let byte = 0; byte < elementBytes; byte++) {
      plain[element * elementBytes + byte] = bytes[byte * count + element];
    }
  }
  return plain;
}

/** Copies the rows of a chunk that lie inside the array. */
function placeChunk(
  joined: Uint8Array,
  chunk: Uint8Array,
  offsets: number[],
  { shape, chunkShape, elementBytes }: ChunkedArray,
): void {
  const last = shape.length - 1;
  const rowBytes = chunkShape[last] * elementBytes;
  const inside = Math.min(chunkShape[last], shape[last] - offsets[last]) * elementBytes;
  if (inside <= 0) return;
  for (let row = 0; row * rowBytes < chunk.length; row++) {
    let rest = row;
    let target = offsets[last];
    let stride = shape[last];
    let fits = true;
    for (let axis = last - 1; axis >= 0; axis--) {
      const position = offsets[axis] + rest % chunkShape[axis];
      rest = Math.floor(rest / chunkShape[axis]);
      fits &&= position < shape[axis];
      target += position * stride;
      stride *= shape[axis];
    }
    const start = row * rowBytes;
    if (fits) joined.set(chunk.subarray(start, start + inside), target * elementBytes);
  }
}
