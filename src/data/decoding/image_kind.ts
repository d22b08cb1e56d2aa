import { ImageError, REPAIR } from "./image_error.ts";

/** Kinds of images that are decoded; AVIF where the platform does it. */
export type ImageKind = "JPEG" | "PNG" | "WebP" | "GIF" | "BMP" | "AVIF";

/** The kinds that are read everywhere, for messages. */
export const READ_KINDS = "JPEG, PNG, WebP, GIF or BMP";

/** How to come by an image of another kind, for messages. */
export const CONVERT = "convert it to one of these, with ImageMagick for example";

/** Endings of files that are read as images. */
const READ_ENDINGS = [
  ...[".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".avif"],
];

/** Endings of images that are not read: such a file is named as what it is, instead of passed over. */
const FOREIGN_ENDINGS = [
  ...[".tif", ".tiff", ".heic", ".heif", ".jxl", ".jp2", ".psd", ".ppm", ".pgm"],
];

const ENDINGS = new Set([...READ_ENDINGS, ...FOREIGN_ENDINGS]);

/**
 * Whether a file is meant as an image.
 *
 * @param name Its name.
 * @returns True for the ending of an image, in any case.
 */
export function hasImageEnding(name: string): boolean {
  const end = name.lastIndexOf(".");
  return end >= 0 && ENDINGS.has(name.slice(end).toLowerCase());
}

type Beginning = (text: string) => boolean;

const starts = (...beginnings: string[]): Beginning => (text) =>
  beginnings.some((beginning) => text.startsWith(beginning));

/** Whether the first box of an ISO media file names one of these brands. */
const hasBrand = (...brands: string[]): Beginning => (text) => {
  if (text.slice(4, 8) !== "ftyp") return false;
  const box = text.slice(0, text.charCodeAt(3));
  return brands.some((brand) => box.slice(8, 12) === brand || box.indexOf(brand, 16) >= 0);
};

const KINDS: readonly [kind: ImageKind, begins: Beginning][] = [
  ["JPEG", starts("\xff\xd8")],
  ["PNG", starts("\x89PNG\r\n\x1a\n")],
  ["GIF", starts("GIF87a", "GIF89a")],
  ["WebP", (text) => text.startsWith("RIFF") && text.slice(8, 12) === "WEBP"],
  ["BMP", (text) => text.startsWith("BM") && text.length > 18 && text.slice(15, 18) === "\0\0\0"],
  ["AVIF", hasBrand("avif", "avis")],
];

/** What else a file may be, as people call it. */
const STRANGERS: readonly [name: string, begins: Beginning][] = [
  ["a TIFF image", starts("II*\0", "MM\0*", "II+\0", "MM\0+")],
  ["a HEIC image", hasBrand("heic", "heix", "heim", "heis", "hevc", "mif1", "msf1")],
  ["a JPEG XL image", starts("\xff\x0a", "\0\0\0\x0cJXL ")],
  ["a JPEG 2000 image", starts("\0\0\0\x0cjP  ", "\xff\x4f\xff\x51")],
  ["a Photoshop image", starts("8BPS")],
  ["an icon (ICO)", starts("\0\0\x01\0")],
  ["a PNM image", (text) => /^P[1-7]\s/.test(text)],
  ["an OpenEXR image", starts("v/1\x01")],
  ["a Radiance HDR image", starts("#?RADIANCE")],
  ["a DDS image", starts("DDS ")],
  ["a QOI image", starts("qoif")],
  ["a DICOM image", (text) => text.slice(128, 132) === "DICM"],
  ["an SVG drawing", (text) => /^(\xef\xbb\xbf)?\s*<(svg\b|\?xml[^]*<svg\b)/.test(text)],
  ["a PDF document", starts("%PDF")],
  ["a video", (text) => text.slice(4, 8) === "ftyp" || text.startsWith("\x1a\x45\xdf\xa3")],
];

/** Files that hold no image at all: to convert them is no use. */
const NO_IMAGES: readonly [name: string, begins: Beginning][] = [
  ["a web page (HTML)", (text) => /^(\xef\xbb\xbf)?\s*<(!doctype html|html)\b/i.test(text)],
  ["a pointer of Git LFS", starts("version https://git-lfs")],
  ["a zip archive", starts("PK\x03\x04")],
  ["a gzip archive", starts("\x1f\x8b")],
];

/** Bytes that tell a kind that is decoded, and what else a file is. */
const IMAGE_HEAD_BYTES = 256, HEAD_BYTES = 1024;

function headOf(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}

/**
 * Tells what an image is by its first bytes.
 *
 * @param bytes The file.
 * @returns Its kind.
 * @throws {ImageError} When it is of a kind that is not read, or no image; the message names what it is.
 */
export function imageKindOf(bytes: Uint8Array): ImageKind {
  const head = headOf(bytes, IMAGE_HEAD_BYTES);
  const kind = KINDS.find(([, begins]) => begins(head))?.[0];
  if (kind !== undefined) return kind;
  const text = headOf(bytes, HEAD_BYTES);
  const stranger = STRANGERS.find(([, begins]) => begins(text))?.[0];
  if (stranger !== undefined) {
    throw new ImageError(`found ${stranger}, wanted ${READ_KINDS}`, CONVERT);
  }
  const other = NO_IMAGES.find(([, begins]) => begins(text))?.[0];
  if (other !== undefined) {
    throw new ImageError(`found ${other}, wanted ${READ_KINDS}`, "download the image again");
  }
  const found = bytes.length === 0 ? "an empty file" : "a file of an unknown kind";
  throw new ImageError(`found ${found}, wanted ${READ_KINDS}`, REPAIR);
}

/** Most pixels of an image. */
const MAX_PIXELS = 1 << 26;

/**
 * Checks the size that an image claims, before memory is spent on it.
 *
 * @param kind What it is.
 * @param width Columns.
 * @param height Rows.
 * @throws {ImageError} When it has no pixels or more than 2²⁶.
 */
export function checkImageSize(kind: ImageKind, width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= MAX_PIXELS) return;
  throw new ImageError(
    `found a ${kind} of ${width}×${height} pixels, wanted 1 to ${MAX_PIXELS}`,
    REPAIR,
  );
}
