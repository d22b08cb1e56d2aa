import type { RawImage } from "../fit_image.ts";
import { startPngCodec } from "../png_codec.ts";
import { checkPng } from "./check_png.ts";
import { ImageError, REPAIR } from "./image_error.ts";

/**
 * Decodes a PNG. The decoder does not verify checksums, and leaks 200 kB for each image it rejects: {@link checkPng} comes
 * first.
 *
 * @param bytes The file.
 * @returns RGBA pixels with memory of their own.
 * @throws {ImageError} When it is cut off or damaged, or claims to be huge.
 */
export async function decodePng(bytes: Uint8Array): Promise<RawImage> {
  checkPng(bytes);
  const { decode } = await startPngCodec();
  try {
    const { data, height, width } = decode(bytes);
    return { data: data as Uint8ClampedArray, height, width, channels: 4 };
  } catch {
    throw new ImageError("found a PNG whose pixels do not decode, wanted a valid one", REPAIR);
  }
}
