import { addLanesToF64, clearF64, loadLanesF32, paddedToLanes } from "./lanes";

/** Rows that are summed in f32 before they flow into f64. */
const BLOCK_ROWS: i32 = 64;

/** Adds a block of rows to f64 sums, sixteen channels at a time, which are a line of the cache. */
function addRows(x: usize, rows: i32, channels: i32, sums: usize): void {
  const rowBytes = <usize> channels << 2;
  const end = x + <usize> rows * rowBytes;
  let left = channels;
  for (; left >= 16; left -= 16, x += 64, sums += 128) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let at = x; at < end; at += rowBytes) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
    }
    addLanesToF64(s0, sums);
    addLanesToF64(s1, sums + 32);
    addLanesToF64(s2, sums + 64);
    addLanesToF64(s3, sums + 96);
  }
  for (; left > 0; left -= 4, x += 16, sums += 32) {
    let sum = f32x4.splat(0);
    for (let at = x; at < end; at += rowBytes) sum = f32x4.add(sum, loadLanesF32(at, left));
    addLanesToF64(sum, sums);
  }
}

/**
 * sums[g, c] = factor · Σ over rows r of x[g, r, c]
 *
 *     x           groups × rows × channels
 *     workspace   8·⌈channels⌉₄ bytes
 */
export function sumRows(
  x: usize,
  groups: i32,
  rows: i32,
  channels: i32,
  factor: f64,
  sums: usize,
  workspace: usize,
): void {
  const blockBytes = <usize> (BLOCK_ROWS * channels) << 2;
  for (let group = 0; group < groups; group++) {
    clearF64(workspace, paddedToLanes(channels));
    let left = rows;
    for (; left > BLOCK_ROWS; left -= BLOCK_ROWS, x += blockBytes) {
      addRows(x, BLOCK_ROWS, channels, workspace);
    }
    addRows(x, left, channels, workspace);
    x += <usize> (left * channels) << 2;
    for (let c = 0; c < channels; c++, sums += 4) {
      store<f32>(sums, <f32> (factor * load<f64>(workspace + (<usize> c << 3))));
    }
  }
}

/** Bytes of workspace of `sumRows`. */
export function sumRowsWorkspaceBytes(channels: i32): usize {
  return <usize> paddedToLanes(channels) << 3;
}
