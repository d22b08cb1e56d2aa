import createJpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import packedJpeg from "../../../build/embedded/jpeg.ts";
import { unpackBytes } from "../../base/mod.ts";
import type { RawImage } from "../fit_image.ts";
import { decodeCmykJpeg } from "./decode_cmyk_jpeg.ts";
import { type EmscriptenDecoder, startEmscripten } from "./emscripten_decoder.ts";
import { ImageError, REPAIR } from "./image_error.ts";
import { checkImageSize, CONVERT } from "./image_kind.ts";
import { type JpegFrame, readJpegFrame } from "./jpeg_segments.ts";
import { RenewableDecoder } from "./renewable_decoder.ts";

/** The part of the emscripten module that is used. */
interface JpegModule {
  decode(bytes: Uint8Array, preserveOrientation: boolean): ImageData | null;
}

const createModule: Parameters<typeof startEmscripten<JpegModule>>[0] = createJpegModule;
const decoder = new RenewableDecoder(
  () => unpackBytes(packedJpeg),
  (code) => startEmscripten(createModule, code),
);

/** Huffman's code takes a bit at least for every block of 8 × 8 pixels. */
const MOST_PIXELS_PER_BYTE = 8 * 8 * 8;

/** What libjpeg prints when pixels are lost; stray bytes between segments are not among it. */
const LOST_PIXELS = /premature end|corrupt jpeg data(?!: \d+ extraneous)/i;

/**
 * Decodes a JPEG by libjpeg-turbo's defaults (MozJPEG), as in Keras. Quirks covered here: libjpeg fills what a truncated file
 * lacks with gray and only prints a warning; a broken header ends the emscripten module with `exit()`, so a new one is
 * started; it has no way from four inks to RGB.
 *
 * @param bytes The file.
 * @returns RGBA pixels with memory of their own, as the file has them stored.
 * @throws {ImageError} When it is cut off or damaged, claims to be huge, or is of more than 8 bits a sample.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<RawImage> {
  const frame = readJpegFrame(bytes);
  if (frame) checkFrame(frame, bytes.length);
  if (frame?.components === 4) return decodeCmykJpeg(bytes);
  if (frame && frame.precision !== 8) {
    throw new ImageError(
      `found a JPEG of ${frame.precision} bits a sample, wanted 8 bits`,
      CONVERT,
    );
  }
  const { image, warnings } = await decoder.use((running) => decodeWith(running, bytes));
  if (!image || warnings.some((line) => LOST_PIXELS.test(line))) throw damagedError(warnings);
  const { height, width } = image;
  return { data: image.data as Uint8ClampedArray, height, width, channels: 4 };
}

/** Refuses what claims more pixels than its bytes can hold, before seconds are spent on filling them with gray. */
function checkFrame({ width, height, isHuffman }: JpegFrame, bytes: number): void {
  checkImageSize("JPEG", width, height);
  if (!isHuffman || width * height <= MOST_PIXELS_PER_BYTE * bytes) return;
  throw new ImageError(
    `found a JPEG of ${width}×${height} pixels in ${bytes} bytes, wanted a whole one`,
    REPAIR,
  );
}

function decodeWith(
  { module, warnings }: EmscriptenDecoder<JpegModule>,
  bytes: Uint8Array,
): { image: ImageData | null; warnings: readonly string[] } {
  warnings.length = 0;
  try {
    return { image: module.decode(bytes, false), warnings: [...warnings] };
  } catch {
    throw damagedError(warnings);
  }
}

function damagedError(warnings: readonly string[]): ImageError {
  return new ImageError(
    `found a damaged JPEG (${warnings.join("; ") || "not decodable"}), wanted a whole one`,
    REPAIR,
  );
}
