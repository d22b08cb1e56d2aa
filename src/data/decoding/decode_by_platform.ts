import type { RawImage } from "../fit_image.ts";
import { CONVERT, type ImageKind, READ_KINDS } from "./image_kind.ts";
import { ImageError } from "./image_error.ts";

/** What is used of a canvas. */
interface Context {
  drawImage(bitmap: ImageBitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): ImageData;
}

/**
 * Decodes an image by what the platform has for it: browsers do; Deno, Node and Bun do not.
 *
 * @param bytes The file.
 * @param kind What it is.
 * @param isTurned Whether it is turned as the file says.
 * @returns RGBA pixels.
 * @throws {ImageError} When the platform has nothing, or does not know this image.
 */
export async function decodeByPlatform(
  bytes: Uint8Array,
  kind: ImageKind,
  isTurned: boolean,
): Promise<RawImage> {
  try {
    const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
      imageOrientation: isTurned ? "from-image" : "none",
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
    const { height, width } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d") as unknown as Context;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const { data } = context.getImageData(0, 0, width, height);
    return { data: data as Uint8ClampedArray, height, width, channels: 4 };
  } catch (error) {
    throw new ImageError(
      `found an ${kind} image, which nothing here decodes (browsers do), wanted ${READ_KINDS}`,
      CONVERT,
      { cause: error },
    );
  }
}
