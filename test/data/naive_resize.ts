/** The naive twin of `resizeImage()`: the two-dimensional sum over every source pixel, one output value at a time. */
export function resizeNaively(
  data: Uint8Array,
  [sourceHeight, sourceWidth]: [number, number],
  [height, width]: [number, number],
  channels: number,
): Float64Array {
  const weigh = (source: number, target: number, ratio: number) =>
    Math.max(0, 1 - Math.abs(source + 0.5 - (target + 0.5) * ratio) / Math.max(1, ratio));
  const out = new Float64Array(height * width * channels);
  for (let index = 0; index < out.length; index++) {
    const channel = index % channels;
    const x = Math.floor(index / channels) % width;
    const y = Math.floor(index / channels / width);
    let sum = 0;
    let total = 0;
    for (let row = 0; row < sourceHeight; row++) {
      for (let column = 0; column < sourceWidth; column++) {
        const weight = weigh(row, y, sourceHeight / height) * weigh(column, x, sourceWidth / width);
        sum += weight * data[(row * sourceWidth + column) * channels + channel];
        total += weight;
      }
    }
    out[index] = sum / total;
  }
  return out;
}
