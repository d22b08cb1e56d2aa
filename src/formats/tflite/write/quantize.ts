/** Largest integer that stands for a weight; −128 is left out, so that zero is in the middle. */
const LARGEST = 127;

/**
 * Rounds a kernel to 8 bits, one scale for every channel of the output: w ≈ scale · q, |q| ≤ 127, scale = max |w| / 127.
 *
 * @param values The kernel.
 * @param shape Its shape.
 * @param axis Which axis counts the channels.
 * @returns q, and the scales.
 */
export function quantizeChannels(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
): { integers: Int8Array<ArrayBuffer>; scale: number[] } {
  const channels = shape[axis];
  const inner = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const channelOf = (index: number) => Math.floor(index / inner) % channels;
  const largest = new Float64Array(channels);
  values.forEach((value, index) => {
    const channel = channelOf(index);
    largest[channel] = Math.max(largest[channel], Math.abs(value));
  });
  const scale = Array.from(largest, (value) => Math.fround(value === 0 ? 1 : value / LARGEST));
  const integers = Int8Array.from(
    values,
    (value, index) =>
      Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / scale[channelOf(index)]))),
  );
  return { integers, scale };
}
