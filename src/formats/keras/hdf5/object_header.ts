import type { FileBytes } from "./file_bytes.ts";

/** Kinds of header messages that are read, by their number in the HDF5 specification, IV.A.2. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object's header. */
export interface HeaderMessage {
  /** Its kind: a number of {@link MESSAGE}, or one that is not read. */
  readonly type: number;
  /** Where its content begins. */
  readonly start: number;
}

interface Block {
  start: number;
  end: number;
}

/** How messages are laid out in one version of the header. */
interface MessageForm {
  prefixBytes: number;
  typeBytes: 1 | 2;
  /** Bytes that a continuation block has before and behind its messages. */
  signature?: string;
  checksumBytes: number;
}

/**
 * Lists the messages of an object's header, continuation blocks included (HDF5 specification, IV.A.1).
 *
 * @param file The file.
 * @param address Where the header begins.
 * @returns The messages in the order of the file.
 * @throws {InputError} When the header is damaged, continues into itself, or shares messages with other objects.
 */
export function readObjectHeader(file: FileBytes, address: number): HeaderMessage[] {
  const version = file.uint8(address);
  if (version === 1) {
    const start = address + 16;
    const form: MessageForm = { prefixBytes: 8, typeBytes: 2, checksumBytes: 0 };
    return readBlocks(file, { start, end: start + file.uint32(address + 8) }, form);
  }
  file.requireSignature(address, "OHDR");
  const flags = file.uint8(address + 5);
  const sizeAt = address + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeBytes = 1 << (flags & 3);
  const start = sizeAt + sizeBytes;
  const form: MessageForm = {
    prefixBytes: flags & 0x04 ? 6 : 4,
    typeBytes: 1,
    signature: "OCHK",
    checksumBytes: 4,
  };
  return readBlocks(file, { start, end: start + readSized(file, sizeAt, sizeBytes) }, form);
}

/**
 * An unsigned number of 1, 2, 4 or 8 bytes.
 *
 * @param file The file.
 * @param offset Where it begins.
 * @param bytes How many bytes it has.
 * @returns The number.
 */
export function readSized(file: FileBytes, offset: number, bytes: number): number {
  if (bytes === 1) return file.uint8(offset);
  if (bytes === 2) return file.uint16(offset);
  return bytes === 4 ? file.uint32(offset) : file.length(offset);
}

function readBlocks(file: FileBytes, first: Block, form: MessageForm): HeaderMessage[] {
  const blocks = [first];
  const starts = new Set([first.start]);
  const messages: HeaderMessage[] = [];
  for (const block of blocks) {
    file.span(block.start, block.end - block.start);
    for (const message of readMessages(file, block, form)) {
      messages.push(message);
      if (message.type !== MESSAGE.continuation) continue;
      const next = continuationBlock(file, message.start, form);
      if (starts.has(next.start)) throw file.fault("a header that continues into itself");
      starts.add(next.start);
      blocks.push(next);
    }
  }
  return messages;
}

function continuationBlock(file: FileBytes, offset: number, form: MessageForm): Block {
  const start = file.length(offset);
  const end = start + file.length(offset + 8);
  if (!form.signature) return { start, end };
  file.requireSignature(start, form.signature);
  return { start: start + 4, end: end - form.checksumBytes };
}

function readMessages(file: FileBytes, { start, end }: Block, form: MessageForm): HeaderMessage[] {
  const { prefixBytes, typeBytes } = form;
  const messages: HeaderMessage[] = [];
  let offset = start;
  while (offset + prefixBytes <= end) {
    const type = readSized(file, offset, typeBytes);
    const size = file.uint16(offset + typeBytes);
    const isShared = (file.uint8(offset + typeBytes + 2) & 2) !== 0;
    const content = offset + prefixBytes;
    if (content + size > end) throw file.fault(`a header message of ${size} bytes at ${offset}`);
    if (isShared && type !== MESSAGE.continuation) throw file.unsupported("a shared message");
    messages.push({ type, start: content });
    offset = content + size;
  }
  return messages;
}
