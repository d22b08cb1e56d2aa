import { listTaps, TAP_BYTES, tapListBytes } from "./depthwise_taps";
import { multiplyAddF32 } from "./simd";

/** Bytes of workspace of `depthwiseConv2dBackpropInput`. */
export function depthwiseConv2dBackpropInputWorkspaceBytes(
  width: i32,
  outputChannels: i32,
  kernelHeight: i32,
  kernelWidth: i32,
): usize {
  return tapListBytes(kernelHeight) + <usize> width * tapListBytes(kernelWidth) +
    (<usize> outputChannels << 2);
}

/** Σ over taps of dy ∘ filter for one pixel of dx, all output channels; `dy` and `filter` are the image and tap 0. */
function sumTapsOfPixel(
  dy: usize,
  filter: usize,
  rowTaps: usize,
  columnTaps: usize,
  channels: i32,
  to: usize,
): void {
  const rowsEnd = rowTaps + 4 + <usize> load<i32>(rowTaps) * TAP_BYTES;
  const columnsEnd = columnTaps + 4 + <usize> load<i32>(columnTaps) * TAP_BYTES;
  let left = channels;
  for (; left >= 16; left -= 16, dy += 64, filter += 64, to += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const dyRow = dy + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = dyRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        s0 = multiplyAddF32(v128.load(d), v128.load(w), s0);
        s1 = multiplyAddF32(v128.load(d, 16), v128.load(w, 16), s1);
        s2 = multiplyAddF32(v128.load(d, 32), v128.load(w, 32), s2);
        s3 = multiplyAddF32(v128.load(d, 48), v128.load(w, 48), s3);
      }
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; left > 0 && channels >= 4; left -= 4, dy += 16, filter += 16, to += 16) {
    // The last vector of an odd number of channels begins within the one before it.
    if (left < 4) {
      const back = <usize> (4 - left) << 2;
      dy -= back;
      filter -= back;
      to -= back;
    }
    let sum = f32x4.splat(0);
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const dyRow = dy + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = dyRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        sum = multiplyAddF32(v128.load(d), v128.load(w), sum);
      }
    }
    v128.store(to, sum);
  }
  for (; left > 0; left--, dy += 4, filter += 4, to += 4) {
    let sum: f32 = 0;
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const dyRow = dy + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = dyRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        sum += load<f32>(d) * load<f32>(w);
      }
    }
    store<f32>(to, sum);
  }
}

/** Adds up each channel's `multiplier` neighbors. */
function sumMultiples(from: usize, channels: i32, multiplier: i32, to: usize): void {
  for (let c = 0; c < channels; c++, to += 4) {
    let sum: f32 = 0;
    for (let m = 0; m < multiplier; m++, from += 4) sum += load<f32>(from);
    store<f32>(to, sum);
  }
}

/**
 * Gradient of a depthwise convolution in its input, NHWC. With m the depth multiplier and over the taps (ky, kx) whose
 * output position (oy, ox) reads (y, x), see `listTaps`:
 *
 *     dx[b, y, x, c] = Σ_taps Σ_j dy[b, oy, ox, c·m + j] · filter[ky, kx, c, j]
 */
export function depthwiseConv2dBackpropInput(
  dy: usize,
  filter: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  multiplier: i32,
  outputHeight: i32,
  outputWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  dx: usize,
  workspace: usize,
): void {
  const outputChannels = channels * multiplier;
  const pixelBytes = outputChannels << 2;
  const outputRowBytes = outputWidth * pixelBytes;
  const rowTaps = workspace;
  const columnTaps = rowTaps + tapListBytes(kernelHeight);
  const columnListBytes = tapListBytes(kernelWidth);
  const sums = columnTaps + <usize> width * columnListBytes;
  for (let x = 0; x < width; x++) {
    const list = columnTaps + <usize> x * columnListBytes;
    listTaps(
      x,
      outputWidth,
      kernelWidth,
      strideWidth,
      dilationWidth,
      padLeft,
      pixelBytes,
      pixelBytes,
      list,
    );
  }
  const imageBytes = <usize> outputHeight * <usize> outputRowBytes;
  for (let b = 0; b < images; b++, dy += imageBytes) {
    for (let y = 0; y < height; y++) {
      listTaps(
        y,
        outputHeight,
        kernelHeight,
        strideHeight,
        dilationHeight,
        padTop,
        outputRowBytes,
        kernelWidth * pixelBytes,
        rowTaps,
      );
      for (let x = 0; x < width; x++, dx += <usize> channels << 2) {
        const list = columnTaps + <usize> x * columnListBytes;
        const to = multiplier == 1 ? dx : sums;
        sumTapsOfPixel(dy, filter, rowTaps, list, outputChannels, to);
        if (multiplier != 1) sumMultiples(sums, channels, multiplier, dx);
      }
    }
  }
}
