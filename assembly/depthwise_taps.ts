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
