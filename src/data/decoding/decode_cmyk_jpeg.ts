import decodeJpeg from "jpeg-js/lib/decoder.js";
import type { RawImage } from "../fit_image.ts";
import { ImageError } from "./image_error.ts";

interface DecoderOptions {
  useTArray: true;
  formatAsRGBA: true;
  tolerantDecoding: false;
}

const decode: (
  bytes: Uint8Array,
  options: DecoderOptions,
) => { data: Uint8Array; height: number; width: number } = decodeJpeg;

/**
 * Decodes a JPEG of four inks (CMYK, YCCK), which libjpeg has no way from to RGB:
 *
 *     R = 255 − (C + K − C · K / 255)        G of M, B of Y alike
 *
 * Such files come from Adobe's programs or follow them in storing the inks inverted; color profiles are left aside.
 *
 * @param bytes The file.
 * @returns RGBA pixels.
 * @throws {ImageError} When it does not decode, or nothing says how its inks are stored.
 */
export function decodeCmykJpeg(bytes: Uint8Array): RawImage {
  try {
    const { data, height, width } = decode(bytes, {
      useTArray: true,
      formatAsRGBA: true,
      tolerantDecoding: false,
    });
    return { data, height, width, channels: 4 };
  } catch (error) {
    throw new ImageError(
      `found a CMYK JPEG that does not decode (${(error as Error).message}), wanted a whole one ` +
        "as Adobe's programs write it",
      "save it as RGB, or remove the image",
    );
  }
}
