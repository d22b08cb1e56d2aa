import { crc32 } from "node:zlib";
import { ImageError, REPAIR } from "./image_error.ts";
import { checkImageSize } from "./image_kind.ts";

/** The first bytes of every PNG. */
export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Checks the frame of a PNG: every chunk is whole and has its checksum, from IHDR to IEND.
 *
 *     signature | length  type  data …  crc | length  type  data …  crc | …
 *         8         4      4    length   4
 *
 * @param bytes A file that starts with the signature.
 * @throws {ImageError} When a chunk is cut off or damaged, IHDR or IEND is missing, or the image is empty or has more than
 * 2²⁶ pixels.
 */
export function checkPng(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = PNG_SIGNATURE.length;
  for (let type = ""; type !== "IEND";) {
    const length = offset + 12 <= bytes.length ? view.getUint32(offset) : Infinity;
    const end = offset + 12 + length;
    if (end > bytes.length) {
      throw new ImageError(`found a PNG cut off at byte ${bytes.length}, wanted it whole`, REPAIR);
    }
    type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new ImageError(
        `found a PNG whose ${JSON.stringify(type)} chunk is damaged, wanted it whole`,
        REPAIR,
      );
    }
    if (offset === PNG_SIGNATURE.length) checkHeader(type, length, view);
    offset = end;
  }
}

function checkHeader(type: string, length: number, view: DataView): void {
  if (type !== "IHDR" || length !== 13) {
    throw new ImageError(
      `found a PNG that starts with ${JSON.stringify(type)}, wanted IHDR`,
      REPAIR,
    );
  }
  checkImageSize("PNG", view.getUint32(16), view.getUint32(20));
}
