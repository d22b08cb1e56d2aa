import { InputError } from "../base/mod.ts";
import type { InputPreparation } from "../model/mod.ts";
import type { ImageSet } from "./dataset.ts";

/** Images whose pixels are looked at; the labels of all are. */
const LOOKED_AT = 64;

/**
 * A name for a set of images: SHA-256 over all labels and the pixels of images spread evenly over it, as they are read.
 * Where the images lie does not matter; those that cannot be read are passed over.
 *
 * @param set The images.
 * @param inputs What is read of them.
 * @returns 64 hexadecimal digits.
 */
export async function fingerprintImages(
  set: ImageSet,
  inputs: readonly Pick<InputPreparation, "name" | "shape">[],
): Promise<string> {
  const [first, ...others] = inputs;
  const read = others.length === 0 ? first.shape : inputs.map(({ name, shape }) => [name, shape]);
  const parts: Uint8Array<ArrayBuffer>[] = [
    new TextEncoder().encode(JSON.stringify(read)),
    new Uint8Array((set.labels ?? new Int32Array(0)).slice().buffer as ArrayBuffer),
  ];
  const count = Math.min(LOOKED_AT, set.length);
  for (let place = 0; place < count; place++) {
    const values = set.allocate();
    try {
      await set.read(Math.floor(place * set.length / count), values);
      for (const { buffer } of values) parts.push(new Uint8Array(buffer as ArrayBuffer));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  const bytes = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
