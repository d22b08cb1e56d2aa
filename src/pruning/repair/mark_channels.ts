import type { InputChannels } from "../../graph/mod.ts";

/**
 * Marks the channels that leave.
 *
 * @param removed By global channel number, 1 where a channel leaves; changed in place.
 * @param globals Global number of every channel in question.
 * @param kept Which of them stay, by index into `globals`.
 */
export function removeChannels(
  removed: Uint8Array,
  globals: Int32Array,
  kept: ArrayLike<number>,
): void {
  const staying = new Set(Array.from(kept));
  globals.forEach((channel, index) => {
    if (!staying.has(index)) removed[channel] = 1;
  });
}

/**
 * Input positions of a layer whose channels stay.
 *
 * @param channels How its positions map to its channels.
 * @param kept The channels that stay, by the layer's own numbers.
 * @returns The positions, ascending.
 */
export function positionsOfChannels(
  { channelOf }: Pick<InputChannels, "channelOf">,
  kept: ArrayLike<number>,
): Int32Array {
  const staying = new Set(Array.from(kept));
  return Int32Array.from(channelOf.keys()).filter((position) => staying.has(channelOf[position]));
}
