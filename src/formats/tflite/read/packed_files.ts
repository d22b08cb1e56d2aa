import { InputError, readZip } from "../../../base/mod.ts";

/** The record at the end of a zip archive: its signature, its length, and where it has the directory's size and offset. */
const END = { signature: 0x06054b50, length: 22, size: 12, offset: 16 };

/** The longest comment behind that record. */
const MOST_COMMENT = 2 ** 16;

/** A longer text is no list of names. */
const MOST_BYTES = 2 ** 20;

/**
 * A text file that is packed into a model's, behind it. Whether its offsets count from the begin of the model or of the archive
 * makes no difference.
 *
 * @param bytes The model.
 * @param name Name of the file.
 * @param path Path of the model, for messages.
 * @returns The text; undefined where there is none, or the archive is damaged.
 */
export function readPackedText(bytes: Uint8Array, name: string, path: string): string | undefined {
  const archive = findArchive(bytes);
  if (archive === undefined) return undefined;
  try {
    const wanted = readZip(
      { bytes: archive, path, kind: "zip archive" },
      (entry) => entry.name === name && entry.originalSize <= MOST_BYTES,
    );
    const content = wanted.get(name);
    return content && new TextDecoder().decode(content);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The bytes that the archive's offsets count from. */
function findArchive(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - END.length;
  for (let end = last; end >= Math.max(0, last - MOST_COMMENT); end--) {
    if (view.getUint32(end, true) !== END.signature) continue;
    const start = end - view.getUint32(end + END.size, true) -
      view.getUint32(end + END.offset, true);
    return start >= 0 ? bytes.subarray(start) : undefined;
  }
  return undefined;
}
