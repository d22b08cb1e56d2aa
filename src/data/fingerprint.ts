import { InputError } from "../errors.ts";
import type { ImageSet, ImageShape } from "./dataset.ts";

/** Images whose pixels are looked at; the labels of all are. */
const LOOKED_AT = 64;

/**
 * A name for a set of images: SHA-256 over all labels and the pixels of images spread evenly over it, as they are read.
 * Where the images lie does not matter; those that cannot be read are passed over.
 *
 * @param set The images.
 * @param shape Size in which they are read.
 * @returns 64 hexadecimal digits.
 */
export async function fingerprintImages(set: ImageSet, shape: ImageShape): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [
    new TextEncoder().encode(JSON.stringify([shape.height, shape.width, shape.channels])),
    new Uint8Array((set.labels ?? new Int32Array(0)).slice().buffer as ArrayBuffer),
  ];
  const count = Math.min(LOOKED_AT, set.length);
  for (let place = 0; place < count; place++) {
    const length = shape.height * shape.width * shape.channels;
    const pixels = set.isPrepared ? new Float32Array(length) : new Uint8Array(length);
    try {
      await set.read(Math.floor(place * set.length / count), pixels);
      parts.push(new Uint8Array(pixels.buffer));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  const bytes = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
