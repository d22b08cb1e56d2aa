import type { FileBytes } from "./file_bytes.ts";
import { type HeaderMessage, MESSAGE, readSized } from "./object_header.ts";

/**
 * Lists the hard links of a group: symbol tables, which h5py writes, and link messages of newer groups (HDF5
 * specification, III.A to III.D and IV.A.2.g). Soft and external links are left out: Keras writes none.
 *
 * @param file The file.
 * @param messages Header of the group.
 * @returns Address of every member's header by name; empty when the object is no group.
 * @throws {InputError} When the tables are damaged or lead into themselves, or the group is stored in a heap.
 */
export function readLinks(
  file: FileBytes,
  messages: readonly HeaderMessage[],
): Map<string, number> {
  const links = new Map<string, number>();
  for (const { type, start } of messages) {
    if (type === MESSAGE.symbolTable) readSymbolTable(file, start, links);
    if (type === MESSAGE.link) readLinkMessage(file, start, links);
    if (type === MESSAGE.linkInfo && isDense(file, start)) {
      throw file.unsupported("a group whose members are stored in a heap");
    }
  }
  return links;
}

function isDense(file: FileBytes, start: number): boolean {
  const hasOrder = (file.uint8(start + 1) & 1) !== 0;
  return file.address(start + 2 + (hasOrder ? 8 : 0)) !== undefined;
}

function readLinkMessage(file: FileBytes, start: number, links: Map<string, number>): void {
  const flags = file.uint8(start + 1);
  let offset = start + 2;
  const linkType = flags & 0x08 ? file.uint8(offset++) : 0;
  if (flags & 0x04) offset += 8;
  if (flags & 0x10) offset += 1;
  const lengthBytes = 1 << (flags & 3);
  const length = readSized(file, offset, lengthBytes);
  offset += lengthBytes;
  const name = file.text(offset, length);
  if (linkType === 0) links.set(name, file.length(offset + length));
}

function readSymbolTable(file: FileBytes, start: number, links: Map<string, number>): void {
  const tree = file.address(start);
  const heap = file.address(start + 8);
  if (tree === undefined || heap === undefined) return;
  file.requireSignature(heap, "HEAP");
  const names = { start: file.length(heap + 24), bytes: file.length(heap + 8) };
  const visited = new Set<number>();
  const pending = [tree];
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (visited.has(node)) throw file.fault("a group that leads into itself");
    visited.add(node);
    const isLeaf = file.uint8(node) !== "T".charCodeAt(0);
    if (isLeaf) readSymbols(file, node, names, links);
    else pending.push(...treeChildren(file, node).reverse());
  }
}

function treeChildren(file: FileBytes, node: number): number[] {
  file.requireSignature(node, "TREE");
  const count = file.uint16(node + 6);
  return Array.from({ length: count }, (_, index) => file.length(node + 32 + 16 * index));
}

/** Symbols are 40 bytes each: offset of the name, address of the header, what is cached (2: a soft link). */
function readSymbols(
  file: FileBytes,
  node: number,
  names: { start: number; bytes: number },
  links: Map<string, number>,
): void {
  file.requireSignature(node, "SNOD");
  const count = file.uint16(node + 6);
  for (let index = 0; index < count; index++) {
    const entry = node + 8 + 40 * index;
    const isSoft = file.uint32(entry + 16) === 2;
    const offset = file.length(entry);
    if (offset >= names.bytes) throw file.fault("a name outside its heap");
    const name = file.text(names.start + offset, names.bytes - offset);
    if (!isSoft) links.set(name, file.length(entry + 8));
  }
}
