import type { ImageShape } from "./dataset.ts";
import { resizeImage } from "./resize.ts";

/** A decoded image: rows of pixels with their channels side by side. */
export interface RawImage {
  /** height × width × channels bytes. */
  data: Uint8Array | Uint8ClampedArray;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** 1 (gray), 3 (RGB) or 4 (RGBA); another number where as many are wanted. */
  channels: number;
}

/**
 * Brings a decoded image to the shape a network reads: first the colors, then the size. An image with as many channels
 * as are wanted keeps them.
 *
 * - RGBA loses its alpha channel and keeps its colors as stored, as Keras and Pillow do; nothing is blended.
 * - RGB becomes gray by the luma weights of ITU-R BT.601 in Pillow's fixed point, (19595 R + 38470 G + 7471 B + 2¹⁵) / 2¹⁶.
 * - Grey becomes RGB by replication.
 * - Another size is resized by {@link resizeImage}; the aspect ratio is not kept and nothing is cropped, as Keras'
 *   `image_dataset_from_directory` does by default.
 *
 * @param image The image as decoded.
 * @param out Receives height × width × channels bytes.
 * @param shape What is wanted.
 * @throws {RangeError} When `out` has another length.
 */
export function fitImage(image: RawImage, out: Uint8Array, shape: ImageShape): void {
  const { height, width, channels } = shape;
  if (out.length !== height * width * channels) {
    throw new RangeError(
      `fitting an image: found room for ${out.length} bytes, wanted ${height}×${width}×${channels}`,
    );
  }
  const sameSize = image.height === height && image.width === width;
  if (sameSize) return convertColors(image, out, channels);
  let data = image.data;
  if (image.channels !== channels) {
    const converted = new Uint8Array(image.height * image.width * channels);
    convertColors(image, converted, channels);
    data = converted;
  }
  resizeImage({ data, height: image.height, width: image.width, channels }, out, height, width);
}

/**
 * Cuts off what an image has beyond the wanted ratio of its sides, in equal parts on both sides; an odd pixel more on the
 * right or below. Teachable Machine prepares images so.
 *
 * @param image The image as decoded.
 * @param shape What is wanted.
 * @returns The middle of the image.
 */
export function cropToShape(image: RawImage, shape: ImageShape): RawImage {
  const { data, channels } = image;
  const scale = Math.min(image.height / shape.height, image.width / shape.width);
  const height = Math.max(1, Math.min(image.height, Math.round(shape.height * scale)));
  const width = Math.max(1, Math.min(image.width, Math.round(shape.width * scale)));
  if (height === image.height && width === image.width) return image;
  const [top, left] = [(image.height - height) >> 1, (image.width - width) >> 1];
  const cropped = new Uint8Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * image.width + left) * channels;
    cropped.set(data.subarray(start, start + width * channels), row * width * channels);
  }
  return { data: cropped, height, width, channels };
}

function convertColors(image: RawImage, out: Uint8Array, channels: number): void {
  const { data, channels: step } = image;
  if (step === channels) {
    out.set(data);
    return;
  }
  const pixels = image.height * image.width;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const source = pixel * step;
    if (channels === 1) {
      const luma = 19595 * data[source] + 38470 * data[source + 1] + 7471 * data[source + 2];
      out[pixel] = (luma + 0x8000) >> 16;
    } else {
      out[pixel * 3] = data[source];
      out[pixel * 3 + 1] = data[step === 1 ? source : source + 1];
      out[pixel * 3 + 2] = data[step === 1 ? source : source + 2];
    }
  }
}
