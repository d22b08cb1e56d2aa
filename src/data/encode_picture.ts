import { fitImage, type RawImage } from "./fit_image.ts";
import { startPngCodec } from "./png_codec.ts";

const BITS_PER_SAMPLE = 8;

/**
 * Makes a PNG of an image, for people to look at.
 *
 * @param image The pixels, gray or RGB.
 * @param largest Pixels of the longer side at most; a larger image is shrunk.
 * @returns The file.
 */
export async function encodePicture(
  image: RawImage,
  largest: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { encode } = await startPngCodec();
  const scale = Math.min(1, largest / Math.max(image.height, image.width));
  const height = Math.max(1, Math.round(image.height * scale));
  const width = Math.max(1, Math.round(image.width * scale));
  const colors = new Uint8Array(height * width * 3);
  fitImage(image, colors, { height, width, channels: 3 });
  const pixels = new Uint8Array(height * width * 4).fill(255);
  for (let pixel = 0; pixel < height * width; pixel++) {
    pixels.set(colors.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return new Uint8Array(encode(pixels, width, height, BITS_PER_SAMPLE));
}
