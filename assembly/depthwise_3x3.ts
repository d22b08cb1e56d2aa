import { clearF32, clearF64, flushF32IntoF64 } from "./lanes";
import { claimLines, readAhead, SINK_BYTES } from "./read_ahead";
import { clampF32, multiplyAddF32 } from "./simd";

/** Neighboring outputs that are computed together. */
const TILE: i32 = 4;
/** Bytes of what belongs to a window of four channels, nine vectors, and to one of its rows. */
const WINDOW_BYTES: usize = 144;
const WINDOW_ROW_BYTES: usize = 48;
/** Floats of a window. */
const WINDOW_FLOATS: i32 = 36;

/** Whether zeros before and behind an axis are those of a window of three that moves by one, and at most one on a side. */
function isPaddedByOne(input: i32, output: i32, before: i32): bool {
  const behind = output - input - before + 2;
  return <u32> before <= 1 && <u32> behind <= 1;
}

/**
 * Whether the functions of this file compute a depthwise convolution: a 3×3 filter, strides, dilations and a multiplier of
 * one, at most one zero on each side, four channels or more, and four outputs in a row or more.
 */
export function isDepthwise3x3(
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
): bool {
  return kernelHeight == 3 && kernelWidth == 3 && multiplier == 1 && channels >= 4 &&
    max(max(strideHeight, strideWidth), max(dilationHeight, dilationWidth)) == 1 &&
    outputWidth >= TILE && width >= TILE && isPaddedByOne(height, outputHeight, padTop) &&
    isPaddedByOne(width, outputWidth, padLeft);
}

function vectorCount(channels: i32): i32 {
  return (channels + 3) >> 2;
}

/** Where a vector of four channels begins; the last of an odd number begins within the one before it. */
function firstOf(vector: i32, channels: i32): usize {
  return <usize> min(vector << 2, channels - 4) << 2;
}

/** Bytes of workspace of `depthwise3x3`. */
export function depthwise3x3Bytes(channels: i32): usize {
  return <usize> vectorCount(channels) * WINDOW_BYTES + SINK_BYTES;
}

/** Bytes of workspace of `depthwise3x3FilterGradient`. */
export function depthwise3x3FilterGradientBytes(channels: i32): usize {
  return <usize> vectorCount(channels) * 3 * WINDOW_BYTES + SINK_BYTES;
}

/** Packs a 3×3 filter into windows of four channels, from the last tap to the first if it is to be flipped. */
function packWindows(filter: usize, channels: i32, isFlipped: bool, windows: usize): void {
  for (let vector = 0; vector < vectorCount(channels); vector++) {
    const from = filter + firstOf(vector, channels);
    for (let tap = 0; tap < 9; tap++, windows += 16) {
      const place = isFlipped ? 8 - tap : tap;
      v128.store(windows, v128.load(from + (<usize> (place * channels) << 2)));
    }
  }
}

/**
 * All channels of four neighboring outputs. Channels pass in order, so that memory is read and written in order; a pixel is
 * loaded once for each row of taps, and added to up to three outputs.
 *
 *     source           the pixel under the first row of taps that lies in the image, one left of the first output
 *     taps             how many rows of taps do
 *     hasLeft, …Right  whether the pixels left and right of the outputs do
 *     windows          weights of that row of taps
 *     bias             a float for each channel; 0 for none
 */
function convolveFour(
  source: usize,
  rowBytes: usize,
  taps: i32,
  hasLeft: bool,
  hasRight: bool,
  channels: i32,
  windows: usize,
  bias: usize,
  lowest: f32,
  highest: f32,
  to: usize,
): void {
  const pixelBytes = <usize> channels << 2;
  const low = f32x4.splat(lowest), high = f32x4.splat(highest), hasBias = bias != 0;
  for (let left = channels; left > 0; left -= 4) {
    if (left < 4) {
      const back = <usize> (4 - left) << 2;
      source -= back, bias -= back, to -= back;
    }
    let s0 = hasBias ? v128.load(bias) : f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let row = source, weights = windows;
    for (let tap = taps; tap > 0; tap--) {
      const w0 = v128.load(weights), w1 = v128.load(weights, 16), w2 = v128.load(weights, 32);
      let at = row;
      if (hasLeft) s0 = multiplyAddF32(v128.load(at), w0, s0);
      at += pixelBytes;
      let x = v128.load(at);
      s0 = multiplyAddF32(x, w1, s0);
      s1 = multiplyAddF32(x, w0, s1);
      at += pixelBytes;
      x = v128.load(at);
      s0 = multiplyAddF32(x, w2, s0);
      s1 = multiplyAddF32(x, w1, s1);
      s2 = multiplyAddF32(x, w0, s2);
      at += pixelBytes;
      x = v128.load(at);
      s1 = multiplyAddF32(x, w2, s1);
      s2 = multiplyAddF32(x, w1, s2);
      s3 = multiplyAddF32(x, w0, s3);
      at += pixelBytes;
      x = v128.load(at);
      s2 = multiplyAddF32(x, w2, s2);
      s3 = multiplyAddF32(x, w1, s3);
      if (hasRight) s3 = multiplyAddF32(v128.load(at + pixelBytes), w2, s3);
      row += rowBytes, weights += WINDOW_ROW_BYTES;
    }
    v128.store(to, clampF32(s0, low, high));
    let next = to + pixelBytes;
    v128.store(next, clampF32(s1, low, high));
    next += pixelBytes;
    v128.store(next, clampF32(s2, low, high));
    v128.store(next + pixelBytes, clampF32(s3, low, high));
    source += 16, bias += 16, to += 16, windows += WINDOW_BYTES;
  }
}

/**
 * Convolves depthwise where `isDepthwise3x3` says so, adds a bias and clamps; with a flipped filter the gradient in the
 * input, whose own paddings are two less those of the convolution.
 *
 *     bias        a float for each channel; 0 for none
 *     workspace   | sink | the filter in windows of four channels |
 */
export function depthwise3x3(
  x: usize,
  filter: usize,
  isFlipped: bool,
  bias: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  outputHeight: i32,
  outputWidth: i32,
  padTop: i32,
  padLeft: i32,
  lowest: f32,
  highest: f32,
  output: usize,
  workspace: usize,
): void {
  const pixelBytes = <usize> channels << 2, rowBytes = <usize> width * pixelBytes;
  const outputRowBytes = <usize> outputWidth * pixelBytes;
  const packed = workspace + SINK_BYTES;
  packWindows(filter, channels, isFlipped, packed);
  for (let b = 0; b < images; b++, x += <usize> height * rowBytes) {
    for (let row = 0; row < outputHeight; row++, output += outputRowBytes) {
      const top = row - padTop, firstTap = max(0, -top);
      const taps = min(3, height - top) - firstTap;
      const windows = packed + <usize> firstTap * WINDOW_ROW_BYTES;
      const source = x + <usize> (top + firstTap) * rowBytes;
      if (top + 3 < height) readAhead(x + <usize> (top + 3) * rowBytes, rowBytes, workspace);
      claimLines(output, outputRowBytes);
      for (let column = 0; column < outputWidth; column += TILE) {
        // The last tile may begin within the one before it.
        const first = min(column, outputWidth - TILE), start = first - padLeft;
        convolveFour(
          source + <usize> start * pixelBytes,
          rowBytes,
          taps,
          start >= 0,
          start + TILE + 1 < width,
          channels,
          windows,
          bias,
          lowest,
          highest,
          output + <usize> first * pixelBytes,
        );
      }
    }
  }
}

/**
 * Adds what four neighboring outputs give to the sums of all channels, as `convolveFour` reads them. Of the outputs, the
 * first `done` were counted before.
 */
function addFour(
  source: usize,
  rowBytes: usize,
  taps: i32,
  hasLeft: bool,
  hasRight: bool,
  channels: i32,
  dy: usize,
  done: i32,
  windows: usize,
): void {
  const pixelBytes = <usize> channels << 2, zero = f32x4.splat(0);
  for (let left = channels; left > 0; left -= 4) {
    if (left < 4) {
      const back = <usize> (4 - left) << 2;
      source -= back, dy -= back;
    }
    let next = dy;
    const d0 = done > 0 ? zero : v128.load(next);
    next += pixelBytes;
    const d1 = done > 1 ? zero : v128.load(next);
    next += pixelBytes;
    const d2 = done > 2 ? zero : v128.load(next);
    const d3 = v128.load(next + pixelBytes);
    let row = source, sums = windows;
    for (let tap = taps; tap > 0; tap--) {
      let s0 = v128.load(sums), s1 = v128.load(sums, 16), s2 = v128.load(sums, 32);
      let at = row;
      if (hasLeft) s0 = multiplyAddF32(v128.load(at), d0, s0);
      at += pixelBytes;
      let x = v128.load(at);
      s0 = multiplyAddF32(x, d1, s0);
      s1 = multiplyAddF32(x, d0, s1);
      at += pixelBytes;
      x = v128.load(at);
      s0 = multiplyAddF32(x, d2, s0);
      s1 = multiplyAddF32(x, d1, s1);
      s2 = multiplyAddF32(x, d0, s2);
      at += pixelBytes;
      x = v128.load(at);
      s0 = multiplyAddF32(x, d3, s0);
      s1 = multiplyAddF32(x, d2, s1);
      s2 = multiplyAddF32(x, d1, s2);
      at += pixelBytes;
      x = v128.load(at);
      s1 = multiplyAddF32(x, d3, s1);
      s2 = multiplyAddF32(x, d2, s2);
      if (hasRight) s2 = multiplyAddF32(v128.load(at + pixelBytes), d3, s2);
      v128.store(sums, s0);
      v128.store(sums, s1, 16);
      v128.store(sums, s2, 32);
      row += rowBytes, sums += WINDOW_ROW_BYTES;
    }
    source += 16, dy += 16, windows += WINDOW_BYTES;
  }
}

/** Writes sums of windows of four channels as a filter. */
function unpackWindows(totals: usize, channels: i32, filter: usize): void {
  for (let vector = 0; vector < vectorCount(channels); vector++) {
    const to = filter + firstOf(vector, channels);
    for (let tap = 0; tap < 9; tap++, totals += 32) {
      const low = f32x4.demote_f64x2_zero(v128.load(totals));
      const high = f32x4.demote_f64x2_zero(v128.load(totals, 16));
      const four = v128.shuffle<i32>(low, high, 0, 1, 4, 5);
      v128.store(to + (<usize> (tap * channels) << 2), four);
    }
  }
}

/**
 * Gradient of a depthwise convolution in its filter where `isDepthwise3x3` says so. Products add up in f32 over one image,
 * images in f64.
 *
 *     workspace   | sink | sums of an image | sums of all |   in windows of four channels
 */
export function depthwise3x3FilterGradient(
  x: usize,
  dy: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  outputHeight: i32,
  outputWidth: i32,
  padTop: i32,
  padLeft: i32,
  dw: usize,
  workspace: usize,
): void {
  const pixelBytes = <usize> channels << 2, rowBytes = <usize> width * pixelBytes;
  const floats = vectorCount(channels) * WINDOW_FLOATS;
  const dyRowBytes = <usize> outputWidth * pixelBytes;
  const sums = workspace + SINK_BYTES, totals = sums + (<usize> floats << 2);
  clearF32(sums, floats);
  clearF64(totals, floats);
  for (let b = 0; b < images; b++, x += <usize> height * rowBytes) {
    for (let row = 0; row < outputHeight; row++, dy += dyRowBytes) {
      const top = row - padTop, firstTap = max(0, -top);
      const taps = min(3, height - top) - firstTap;
      const windows = sums + <usize> firstTap * WINDOW_ROW_BYTES;
      const source = x + <usize> (top + firstTap) * rowBytes;
      if (top + 3 < height) readAhead(x + <usize> (top + 3) * rowBytes, rowBytes, workspace);
      if (row + 1 < outputHeight) readAhead(dy + dyRowBytes, dyRowBytes, workspace);
      for (let column = 0; column < outputWidth; column += TILE) {
        // The last tile may begin within the one before it.
        const first = min(column, outputWidth - TILE), start = first - padLeft;
        addFour(
          source + <usize> start * pixelBytes,
          rowBytes,
          taps,
          start >= 0,
          start + TILE + 1 < width,
          channels,
          dy + <usize> first * pixelBytes,
          column - first,
          windows,
        );
      }
    }
    flushF32IntoF64(sums, totals, floats);
  }
  unpackWindows(totals, channels, dw);
}
