/** A piece of a JPEG ahead of its pixels. */
export interface JpegSegment {
  /** Second byte of its marker. */
  readonly marker: number;
  /** What is in it. */
  readonly data: Uint8Array;
}

/** What a JPEG's frame header says. */
export interface JpegFrame {
  /** Bits of a sample. */
  readonly precision: number;
  /** Samples of a pixel: 1 (gray), 3 (colors) or 4 (CMYK, YCCK). */
  readonly components: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Whether its samples are in Huffman's code, as nearly always; otherwise they are coded arithmetically. */
  readonly isHuffman: boolean;
}

const START_OF_SCAN = 0xda;

/** The first frame that is coded arithmetically. */
const ARITHMETIC = 0xc9;

/**
 * The segments of a JPEG up to its first scan; a damaged file has fewer.
 *
 *     ff d8 | ff marker  length  data … | ff marker  length  data … | …
 *                1         2    length − 2
 *
 * @param bytes The file.
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  let offset = 2;
  while (offset + 4 <= bytes.length) {
    if (bytes[offset] !== 0xff) return;
    const marker = bytes[offset + 1];
    if (marker === 0xff) {
      offset++;
      continue;
    }
    const length = bytes[offset + 2] << 8 | bytes[offset + 3];
    if (marker === START_OF_SCAN || length < 2) return;
    yield { marker, data: bytes.subarray(offset + 4, offset + 2 + length) };
    offset += 2 + length;
  }
}

/**
 * Reads a JPEG's frame header.
 *
 * @param bytes The file.
 * @returns What it says; undefined where there is none.
 */
export function readJpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  for (const { marker, data } of jpegSegments(bytes)) {
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (!isFrame || data.length < 6) continue;
    const [precision, high, low, left, right, components] = data;
    const isHuffman = marker < ARITHMETIC;
    return { precision, components, height: high << 8 | low, width: left << 8 | right, isHuffman };
  }
}
