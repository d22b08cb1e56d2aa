import type { RawImage } from "../fit_image.ts";
import type { ImageKind } from "./image_kind.ts";
import { jpegSegments } from "./jpeg_segments.ts";

/** TIFF's number of the tag. */
const ORIENTATION_TAG = 0x0112;
const APP1 = 0xe1;
const EXIF = "Exif\0\0";

/**
 * How an image is to be turned, as its EXIF record says. Browsers, phones and Pillow's `exif_transpose` do so.
 *
 * @param bytes The file.
 * @param kind What it is.
 * @returns EXIF's number of the orientation, 1 to 8; 1 (as stored) where nothing says so.
 */
export function readOrientation(bytes: Uint8Array, kind: ImageKind): number {
  const record = findExif(bytes, kind);
  return record === undefined ? 1 : readTag(record);
}

/** The TIFF structure of an image's EXIF record. */
function findExif(bytes: Uint8Array, kind: ImageKind): Uint8Array | undefined {
  if (kind === "PNG") return findChunk(bytes, { start: 8, name: "eXIf", isBigEndian: true });
  if (kind === "WebP") {
    const chunk = findChunk(bytes, { start: 12, name: "EXIF", isBigEndian: false });
    return chunk && withoutName(chunk);
  }
  if (kind !== "JPEG") return undefined;
  for (const { marker, data } of jpegSegments(bytes)) {
    if (marker === APP1 && textOf(data, 6) === EXIF) return withoutName(data);
  }
}

interface ChunkSearch {
  readonly start: number;
  readonly name: string;
  readonly isBigEndian: boolean;
}

/** A chunk of PNG (length, name, data, checksum) or of RIFF (name, length, data, even in number). */
function findChunk(
  bytes: Uint8Array,
  { start, name, isBigEndian }: ChunkSearch,
): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = start; offset + 8 <= bytes.length;) {
    const length = view.getUint32(isBigEndian ? offset : offset + 4, !isBigEndian);
    const place = isBigEndian ? offset + 4 : offset;
    if (textOf(bytes.subarray(place), 4) === name) {
      return bytes.subarray(offset + 8, offset + 8 + length);
    }
    offset += isBigEndian ? 12 + length : 8 + length + length % 2;
  }
}

function withoutName(data: Uint8Array): Uint8Array {
  return textOf(data, 6) === EXIF ? data.subarray(6) : data;
}

function textOf(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/**
 * The orientation in the first directory of a TIFF structure:
 *
 *     'II' or 'MM' | 42 | offset of the directory … entries | tag  type  count  value | …
 *          2         2              4                  2       2     2     4      4
 */
function readTag(record: Uint8Array): number {
  const isLittle = textOf(record, 2) === "II";
  if (record.length < 14 || !isLittle && textOf(record, 2) !== "MM") return 1;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > record.length) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + 12 * index;
    if (entry + 12 > record.length) return 1;
    if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue;
    const isShort = view.getUint16(entry + 2, isLittle) === 3;
    const value = isShort
      ? view.getUint16(entry + 8, isLittle)
      : view.getUint32(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/**
 * Turns an image as its orientation says:
 *
 *     1  as stored            5  mirrored at the diagonal from top left
 *     2  mirrored sideways    6  a quarter turn clockwise
 *     3  a half turn          7  mirrored at the other diagonal
 *     4  mirrored upside down 8  a quarter turn counterclockwise
 *
 * @param image The image as stored.
 * @param orientation EXIF's number.
 * @returns The image as it is meant to be seen.
 */
export function turnImage(image: RawImage, orientation: number): RawImage {
  if (orientation === 1) return image;
  const { data, channels } = image;
  const isTransposed = orientation >= 5;
  const [height, width] = isTransposed ? [image.width, image.height] : [image.height, image.width];
  const flipsColumns = [2, 3, 7, 8].includes(orientation);
  const flipsRows = [3, 4, 6, 7].includes(orientation);
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [column, row] = isTransposed ? [y, x] : [x, y];
      if (flipsColumns) column = image.width - 1 - column;
      if (flipsRows) row = image.height - 1 - row;
      const source = (row * image.width + column) * channels;
      const target = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        turned[target + channel] = data[source + channel];
      }
    }
  }
  return { data: turned, height, width, channels };
}
