import type { ImageSet, InputValues } from "./dataset.ts";

/**
 * Keeps images as they are first read, while they have room: evaluations and statistics read the same ones again and
 * again, and a small image takes longer to open and decode than to copy.
 *
 * @param set The images.
 * @param room Bytes that may be kept.
 * @returns The same images. Those that cannot be read are tried anew each time.
 */
export function keepDecoded(set: ImageSet, room: number): ImageSet {
  const kept = new Map<number, readonly InputValues[]>();
  return {
    ...set,
    read: async (index, out) => {
      const known = kept.get(index);
      if (known !== undefined) {
        known.forEach((values, input) => out[input].set(values));
        return;
      }
      await set.read(index, out);
      const bytes = out.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (bytes > room || kept.has(index)) return;
      room -= bytes;
      kept.set(index, out.map((values) => values.slice()));
    },
  };
}
