/** Bytes of an image with its channels side by side. */
export interface PixelGrid {
  /** height × width × channels bytes. */
  data: Uint8Array | Uint8ClampedArray;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Values per pixel. */
  channels: number;
}

/** For every target index: the first source index it reads, and the weights from there on. */
interface Taps {
  starts: Int32Array;
  weights: Float64Array[];
}

/**
 * Resizes an image: bilinear, antialiased when shrinking, half-pixel centers.
 *
 * Along each axis, with r = source extent / target extent and the support s = max(1, r), target index i reads
 *
 *     c = (i + ½) · r,   w(j) = max(0, 1 − |j + ½ − c| / s),   out(i) = Σ_j w(j) · in(j) / Σ_j w(j)
 *
 * over the source indices j that exist. Columns come first, then rows, in floating point; the result is rounded once.
 * This is the rule of Pillow's `BILINEAR` (which rounds between the axes) and of `tf.image.resize(antialias=True)`.
 *
 * @param source The image.
 * @param out Receives height × width × channels bytes.
 * @param height Rows wanted.
 * @param width Columns wanted.
 */
export function resizeImage(
  source: PixelGrid,
  out: Uint8Array,
  height: number,
  width: number,
): void {
  const { data, channels } = source;
  const columns = computeTaps(source.width, width);
  const rows = computeTaps(source.height, height);
  const rowLength = width * channels;
  const narrowed = new Float32Array(source.height * rowLength);
  for (let y = 0; y < source.height; y++) {
    for (let x = 0; x < width; x++) {
      const weights = columns.weights[x];
      const start = (y * source.width + columns.starts[x]) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum += weights[tap] * data[start + tap * channels + channel];
        }
        narrowed[y * rowLength + x * channels + channel] = sum;
      }
    }
  }
  for (let y = 0; y < height; y++) {
    const weights = rows.weights[y];
    const start = rows.starts[y] * rowLength;
    for (let column = 0; column < rowLength; column++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += weights[tap] * narrowed[start + tap * rowLength + column];
      }
      out[y * rowLength + column] = Math.floor(sum + 0.5);
    }
  }
}

function computeTaps(sourceExtent: number, targetExtent: number): Taps {
  const ratio = sourceExtent / targetExtent;
  const support = Math.max(1, ratio);
  const starts = new Int32Array(targetExtent);
  const weights = Array.from({ length: targetExtent }, (_, index) => {
    const center = (index + 0.5) * ratio;
    const start = Math.max(0, Math.ceil(center - support - 0.5));
    const end = Math.min(sourceExtent, Math.floor(center + support - 0.5) + 1);
    starts[index] = start;
    const taps = Float64Array.from(
      { length: end - start },
      (_, tap) => Math.max(0, 1 - Math.abs(start + tap + 0.5 - center) / support),
    );
    const total = taps.reduce((sum, weight) => sum + weight, 0);
    return taps.map((weight) => weight / total);
  });
  return { starts, weights };
}
