import { clampF32, multiplyAddF32 } from "./simd";

/** Bytes of one entry of a tap list. */
export const TAP_BYTES: usize = 8;

/** Bytes of the tap list of one input position. */
export function tapListBytes(kernel: i32): usize {
  return 4 + <usize> kernel * TAP_BYTES;
}

/**
 * Lists, along one axis, which output positions read an input position, and by which tap:
 *
 *     out·stride + tap·dilation − padBefore = position,     0 ≤ out < outputs
 *
 *     | count | out·outputBytes  tap·tapBytes | out·outputBytes  tap·tapBytes | …      i32
 */
export function listTaps(
  position: i32,
  outputs: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  padBefore: i32,
  outputBytes: i32,
  tapBytes: i32,
  list: usize,
): void {
  let to = list + 4;
  let count = 0;
  for (let tap = 0; tap < kernel; tap++) {
    const distance = position + padBefore - tap * dilation;
    if (distance < 0) break;
    const output = distance / stride;
    if (output * stride != distance || output >= outputs) continue;
    store<i32>(to, output * outputBytes);
    store<i32>(to, tap * tapBytes, 4);
    to += TAP_BYTES;
    count++;
  }
  store<i32>(list, count);
}

/**
 * Lists, along one axis, which input positions an output position reads, and by which tap, as `listTaps` does:
 *
 *     output·stride + tap·dilation − padBefore = in,     0 ≤ in < inputs
 */
export function listInputs(
  output: i32,
  inputs: i32,
  kernel: i32,
  stride: i32,
  dilation: i32,
  padBefore: i32,
  inputBytes: i32,
  tapBytes: i32,
  list: usize,
): void {
  let to = list + 4;
  let count = 0;
  for (let tap = 0; tap < kernel; tap++) {
    const input = output * stride + tap * dilation - padBefore;
    if (<u32> input >= <u32> inputs) continue;
    store<i32>(to, input * inputBytes);
    store<i32>(to, tap * tapBytes, 4);
    to += TAP_BYTES;
    count++;
  }
  store<i32>(list, count);
}

/**
 * bias + Σ over taps of x ∘ filter for all channels of one pixel, clamped.
 *
 *     x, filter            the image that the lists point into, and tap 0
 *     bias                 a float for each channel; 0 for none
 */
export function sumTapsOfPixel(
  x: usize,
  filter: usize,
  rowTaps: usize,
  columnTaps: usize,
  channels: i32,
  bias: usize,
  lowest: f32,
  highest: f32,
  to: usize,
): void {
  const rowsEnd = rowTaps + 4 + <usize> load<i32>(rowTaps) * TAP_BYTES;
  const columnsEnd = columnTaps + 4 + <usize> load<i32>(columnTaps) * TAP_BYTES;
  const low = f32x4.splat(lowest), high = f32x4.splat(highest), hasBias = bias != 0;
  let left = channels;
  for (; left >= 16; left -= 16, x += 64, filter += 64, bias += 64, to += 64) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    if (hasBias) {
      s0 = v128.load(bias), s1 = v128.load(bias, 16);
      s2 = v128.load(bias, 32), s3 = v128.load(bias, 48);
    }
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const xRow = x + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = xRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        s0 = multiplyAddF32(v128.load(d), v128.load(w), s0);
        s1 = multiplyAddF32(v128.load(d, 16), v128.load(w, 16), s1);
        s2 = multiplyAddF32(v128.load(d, 32), v128.load(w, 32), s2);
        s3 = multiplyAddF32(v128.load(d, 48), v128.load(w, 48), s3);
      }
    }
    v128.store(to, clampF32(s0, low, high));
    v128.store(to, clampF32(s1, low, high), 16);
    v128.store(to, clampF32(s2, low, high), 32);
    v128.store(to, clampF32(s3, low, high), 48);
  }
  for (; left > 0 && channels >= 4; left -= 4, x += 16, filter += 16, bias += 16, to += 16) {
    // The last vector of an odd number of channels begins within the one before it.
    if (left < 4) {
      const back = <usize> (4 - left) << 2;
      x -= back, filter -= back, bias -= back, to -= back;
    }
    let sum = hasBias ? v128.load(bias) : f32x4.splat(0);
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const xRow = x + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = xRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        sum = multiplyAddF32(v128.load(d), v128.load(w), sum);
      }
    }
    v128.store(to, clampF32(sum, low, high));
  }
  for (; left > 0; left--, x += 4, filter += 4, bias += 4, to += 4) {
    let sum = hasBias ? v128.load32_zero(bias) : f32x4.splat(0);
    for (let row = rowTaps + 4; row < rowsEnd; row += TAP_BYTES) {
      const xRow = x + <usize> load<u32>(row), filterRow = filter + <usize> load<u32>(row, 4);
      for (let column = columnTaps + 4; column < columnsEnd; column += TAP_BYTES) {
        const d = xRow + <usize> load<u32>(column), w = filterRow + <usize> load<u32>(column, 4);
        sum = multiplyAddF32(v128.load32_zero(d), v128.load32_zero(w), sum);
      }
    }
    v128.store32_lane(to, clampF32(sum, low, high), 0);
  }
}
