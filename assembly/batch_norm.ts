import { addLanesToF64, clearF64, loadLanesF32, paddedToLanes, storeLanesF32 } from "./lanes";
import { readAhead, SINK_BYTES } from "./read_ahead";
import { clampF32, multiplyAddF32 } from "./simd";

/** Rows whose terms are summed in f32 before they flow into f64; a block of them stays in the nearest cache. */
const BLOCK_ROWS: i32 = 64;
/** Bytes that outgrow the nearer caches. */
const FAR_BYTES: i64 = 2 << 20;
/** Channels whose rows lie together in few lines. */
const NARROW: i32 = 32;
/** Floats of a period at least. */
const SHORTEST_PERIOD: i32 = 64;

/**
 * Floats after which values of the channels repeat: whole rows, and whole pairs of vectors. So a batch passes as one row of
 * floats, in order, whatever the channels.
 */
function periodOf(channels: i32): i32 {
  let floats = channels;
  while (floats % 8 != 0) floats += channels;
  return floats * ((SHORTEST_PERIOD + floats - 1) / floats);
}

/** Writes a float of each channel again and again. */
function repeat(values: usize, channels: i32, floats: i32, to: usize): void {
  for (let c = 0; c < channels; c++) {
    const value = load<f32>(values + (<usize> c << 2));
    for (let at = c; at < floats; at += channels) store<f32>(to + (<usize> at << 2), value);
  }
}

/** Bytes of workspace of every function in this file. */
export function batchNormWorkspaceBytes(channels: i32): usize {
  return 16 * <usize> paddedToLanes(channels) + 20 * <usize> periodOf(channels) + SINK_BYTES;
}

/**
 * Whether so many arrays of rows come from far away, and their channels lie far apart: the sums read four channels of many
 * rows, which the processor does not foresee.
 */
function isFarAway(rows: i32, channels: i32, arrays: i32): bool {
  return channels > NARROW && (<i64> rows * <i64> channels * <i64> arrays << 2) >= FAR_BYTES;
}

/** Reads a word of every line of the block behind this one. */
function readNextBlock(block: usize, floats: i32, sink: usize): void {
  const bytes = <usize> floats << 2;
  readAhead(block + bytes, bytes, sink);
}

/** Adds Σ(x − x₀) and Σ(x − x₀)² of a block of rows, where x₀ is the first row of all. */
function addShiftedSums(
  x: usize,
  first: usize,
  rows: i32,
  channels: i32,
  sums: usize,
  squares: usize,
): void {
  const rowBytes = <usize> channels << 2;
  for (let left = channels; left > 0; left -= 4) {
    const shift = loadLanesF32(first, left);
    let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
    let at = x;
    let r = rows;
    for (; r >= 2; r -= 2, at += rowBytes << 1) {
      const d0 = f32x4.sub(loadLanesF32(at, left), shift);
      const d1 = f32x4.sub(loadLanesF32(at + rowBytes, left), shift);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      q0 = multiplyAddF32(d0, d0, q0);
      q1 = multiplyAddF32(d1, d1, q1);
    }
    if (r > 0) {
      const d0 = f32x4.sub(loadLanesF32(at, left), shift);
      s0 = f32x4.add(s0, d0);
      q0 = multiplyAddF32(d0, d0, q0);
    }
    addLanesToF64(f32x4.add(s0, s1), sums);
    addLanesToF64(f32x4.add(q0, q1), squares);
    x += 16;
    first += 16;
    sums += 32;
    squares += 32;
  }
}

/**
 * Mean and (biased) variance of each channel in one pass over `rows` × `channels` values. With d = x − x₀, where x₀ is
 * the first row, so that a mean far from 0 costs no digits (Chan, Golub and LeVeque 1983):
 *
 *     mean = x₀ + Σd/N,     variance = Σd²/N − (Σd/N)²
 */
export function channelMoments(
  x: usize,
  rows: i32,
  channels: i32,
  mean: usize,
  variance: usize,
  workspace: usize,
): void {
  const sums = workspace;
  const squares = sums + (<usize> paddedToLanes(channels) << 3);
  const sink = squares + (<usize> paddedToLanes(channels) << 3);
  clearF64(sums, 2 * paddedToLanes(channels));
  const blockFloats = BLOCK_ROWS * channels;
  const isFar = isFarAway(rows, channels, 1);
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const block = x + (<usize> row * <usize> channels << 2);
    if (isFar && row + 2 * BLOCK_ROWS <= rows) readNextBlock(block, blockFloats, sink);
    addShiftedSums(block, x, min(BLOCK_ROWS, rows - row), channels, sums, squares);
  }
  for (let c = 0; c < channels; c++) {
    const at = <usize> c << 2;
    const shifted = load<f64>(sums + (at << 1)) / <f64> rows;
    const square = load<f64>(squares + (at << 1)) / <f64> rows;
    store<f32>(mean + at, <f32> (<f64> load<f32>(x + at) + shifted));
    store<f32>(variance + at, <f32> max<f64>(0, square - shifted * shifted));
  }
}

/** γ / √(variance + ε) of each channel. */
function writeScales(
  gamma: usize,
  variance: usize,
  epsilon: f32,
  channels: i32,
  scales: usize,
): void {
  for (let c = 0; c < channels; c++, gamma += 4, variance += 4, scales += 4) {
    const deviation = Math.sqrt(<f64> load<f32>(variance) + <f64> epsilon);
    store<f32>(scales, <f32> (<f64> load<f32>(gamma) / deviation));
  }
}

/**
 * output = (x − mean)·γ/√(variance + ε) + β, clamped to 0 … `highest` if `hasRelu`: a ReLU for an infinite bound, a ReLU6
 * for 6.
 */
export function normalizeChannels(
  x: usize,
  rows: i32,
  channels: i32,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  epsilon: f32,
  hasRelu: bool,
  highest: f32,
  output: usize,
  workspace: usize,
): void {
  const floats = periodOf(channels), bytes = <usize> floats << 2;
  const scales = workspace, centers = scales + bytes, shifts = centers + bytes;
  writeScales(gamma, variance, epsilon, channels, scales);
  repeat(scales, channels, floats, scales);
  repeat(mean, channels, floats, centers);
  repeat(beta, channels, floats, shifts);
  const zero = f32x4.splat(0), bound = f32x4.splat(highest);
  for (let left = rows * channels; left > 0; left -= floats) {
    let at: usize = 0, count = min(left, floats);
    for (; count >= 8; count -= 8, at += 32, x += 32, output += 32) {
      const c0 = f32x4.sub(v128.load(x), v128.load(centers + at));
      const c1 = f32x4.sub(v128.load(x, 16), v128.load(centers + at, 16));
      let y0 = multiplyAddF32(c0, v128.load(scales + at), v128.load(shifts + at));
      let y1 = multiplyAddF32(c1, v128.load(scales + at, 16), v128.load(shifts + at, 16));
      if (hasRelu) {
        y0 = clampF32(y0, zero, bound);
        y1 = clampF32(y1, zero, bound);
      }
      v128.store(output, y0);
      v128.store(output, y1, 16);
    }
    for (; count > 0; count -= 4, at += 16, x += 16, output += 16) {
      const centered = f32x4.sub(loadLanesF32(x, count), v128.load(centers + at));
      let y = multiplyAddF32(centered, v128.load(scales + at), v128.load(shifts + at));
      if (hasRelu) y = clampF32(y, zero, bound);
      storeLanesF32(output, y, count);
    }
  }
}

/**
 * dy where the ReLU passed the output y on, else zero. y is computed from x anew by the steps of `normalizeChannels`: that
 * costs less than reading it.
 */
function passGradient(
  dy: v128,
  centered: v128,
  scale: v128,
  shift: v128,
  zero: v128,
  bound: v128,
): v128 {
  const y = multiplyAddF32(centered, scale, shift);
  return v128.and(dy, v128.and(f32x4.gt(y, zero), f32x4.le(y, bound)));
}

/** Adds Σg and Σg·(x − mean) of a block of rows, where g is dy, or what passes the ReLU of it if `hasRelu`. */
function addGradientSums(
  dy: usize,
  x: usize,
  rows: i32,
  channels: i32,
  mean: usize,
  scales: usize,
  beta: usize,
  hasRelu: bool,
  highest: f32,
  sums: usize,
  products: usize,
): void {
  const rowBytes = <usize> channels << 2;
  const zero = f32x4.splat(0), bound = f32x4.splat(highest);
  let offset: usize = 0;
  for (let left = channels; left > 0; left -= 4, offset += 16) {
    const center = loadLanesF32(mean + offset, left);
    const scale = v128.load(scales + offset), shift = loadLanesF32(beta + offset, left);
    let sum = zero, product = zero, oddSum = zero, oddProduct = zero;
    let at = offset;
    let r = rows;
    for (; r >= 2; r -= 2, at += rowBytes << 1) {
      const even = f32x4.sub(loadLanesF32(x + at, left), center);
      const odd = f32x4.sub(loadLanesF32(x + at + rowBytes, left), center);
      let g = loadLanesF32(dy + at, left), oddG = loadLanesF32(dy + at + rowBytes, left);
      if (hasRelu) {
        g = passGradient(g, even, scale, shift, zero, bound);
        oddG = passGradient(oddG, odd, scale, shift, zero, bound);
      }
      sum = f32x4.add(sum, g);
      oddSum = f32x4.add(oddSum, oddG);
      product = multiplyAddF32(g, even, product);
      oddProduct = multiplyAddF32(oddG, odd, oddProduct);
    }
    if (r > 0) {
      const centered = f32x4.sub(loadLanesF32(x + at, left), center);
      let g = loadLanesF32(dy + at, left);
      if (hasRelu) g = passGradient(g, centered, scale, shift, zero, bound);
      sum = f32x4.add(sum, g);
      product = multiplyAddF32(g, centered, product);
    }
    addLanesToF64(f32x4.add(sum, oddSum), sums + (offset << 1));
    addLanesToF64(f32x4.add(product, oddProduct), products + (offset << 1));
  }
}

/**
 * Gradients of the normalization in γ and β in one pass. With g = dy, zero where the ReLU is flat:
 *
 *     dβ = Σ g,     dγ = Σ g·(x − mean)/√(variance + ε)
 */
export function batchNormParameterGradients(
  dy: usize,
  x: usize,
  rows: i32,
  channels: i32,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  epsilon: f32,
  hasRelu: bool,
  highest: f32,
  gammaGradient: usize,
  betaGradient: usize,
  workspace: usize,
): void {
  const sums = workspace;
  const products = sums + (<usize> paddedToLanes(channels) << 3);
  const scales = products + (<usize> paddedToLanes(channels) << 3);
  const sink = scales + (<usize> paddedToLanes(channels) << 2);
  const blockFloats = BLOCK_ROWS * channels;
  const isFar = isFarAway(rows, channels, 2);
  writeScales(gamma, variance, epsilon, channels, scales);
  clearF64(sums, 2 * paddedToLanes(channels));
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const at = <usize> row * <usize> channels << 2;
    if (isFar && row + 2 * BLOCK_ROWS <= rows) {
      readNextBlock(x + at, blockFloats, sink);
      readNextBlock(dy + at, blockFloats, sink);
    }
    addGradientSums(
      dy + at,
      x + at,
      min(BLOCK_ROWS, rows - row),
      channels,
      mean,
      scales,
      beta,
      hasRelu,
      highest,
      sums,
      products,
    );
  }
  for (let c = 0; c < channels; c++) {
    const at = <usize> c << 2;
    const deviation = Math.sqrt(<f64> load<f32>(variance + at) + <f64> epsilon);
    store<f32>(betaGradient + at, <f32> load<f64>(sums + (at << 1)));
    store<f32>(gammaGradient + at, <f32> (load<f64>(products + (at << 1)) / deviation));
  }
}

/**
 * Gradient of the normalization in x, through the batch's own mean and variance (Ioffe and Szegedy 2015, section 3). With
 * σ = √(variance + ε), N rows and g as above:
 *
 *     dx = γ/σ · (g − dβ/N − (x − mean)·dγ/(σN))
 */
export function batchNormInputGradient(
  dy: usize,
  x: usize,
  rows: i32,
  channels: i32,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  epsilon: f32,
  hasRelu: bool,
  highest: f32,
  gammaGradient: usize,
  betaGradient: usize,
  dx: usize,
  workspace: usize,
): void {
  const floats = periodOf(channels), bytes = <usize> floats << 2;
  const scales = workspace, centers = scales + bytes, shifts = centers + bytes;
  const offsets = shifts + bytes, slopes = offsets + bytes;
  writeScales(gamma, variance, epsilon, channels, scales);
  for (let c = 0; c < channels; c++) {
    const at = <usize> c << 2;
    const count = <f64> rows;
    const deviation = Math.sqrt(<f64> load<f32>(variance + at) + <f64> epsilon);
    store<f32>(offsets + at, <f32> (<f64> load<f32>(betaGradient + at) / count));
    store<f32>(slopes + at, <f32> (<f64> load<f32>(gammaGradient + at) / (count * deviation)));
  }
  repeat(scales, channels, floats, scales);
  repeat(mean, channels, floats, centers);
  repeat(beta, channels, floats, shifts);
  repeat(offsets, channels, floats, offsets);
  repeat(slopes, channels, floats, slopes);
  const zero = f32x4.splat(0), bound = f32x4.splat(highest);
  for (let left = rows * channels; left > 0; left -= floats) {
    let at: usize = 0, count = min(left, floats);
    for (; count >= 8; count -= 8, at += 32, x += 32, dy += 32, dx += 32) {
      const c0 = f32x4.sub(v128.load(x), v128.load(centers + at));
      const c1 = f32x4.sub(v128.load(x, 16), v128.load(centers + at, 16));
      const s0 = v128.load(scales + at), s1 = v128.load(scales + at, 16);
      let g0 = v128.load(dy), g1 = v128.load(dy, 16);
      if (hasRelu) {
        g0 = passGradient(g0, c0, s0, v128.load(shifts + at), zero, bound);
        g1 = passGradient(g1, c1, s1, v128.load(shifts + at, 16), zero, bound);
      }
      g0 = f32x4.sub(f32x4.sub(g0, v128.load(offsets + at)), f32x4.mul(c0, v128.load(slopes + at)));
      g1 = f32x4.sub(
        f32x4.sub(g1, v128.load(offsets + at, 16)),
        f32x4.mul(c1, v128.load(slopes + at, 16)),
      );
      v128.store(dx, f32x4.mul(g0, s0));
      v128.store(dx, f32x4.mul(g1, s1), 16);
    }
    for (; count > 0; count -= 4, at += 16, x += 16, dy += 16, dx += 16) {
      const centered = f32x4.sub(loadLanesF32(x, count), v128.load(centers + at));
      const scale = v128.load(scales + at);
      let g = loadLanesF32(dy, count);
      if (hasRelu) g = passGradient(g, centered, scale, v128.load(shifts + at), zero, bound);
      const slope = f32x4.mul(centered, v128.load(slopes + at));
      const inner = f32x4.sub(f32x4.sub(g, v128.load(offsets + at)), slope);
      storeLanesF32(dx, f32x4.mul(inner, scale), count);
    }
  }
}
