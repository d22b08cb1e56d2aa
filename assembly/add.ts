import { loadLanesF32, paddedToLanes, storeLanesF32 } from "./lanes";

/** sums[i] = a[i] + b[i] over `count` floats; `sums` may be one of the others. */
export function addF32(a: usize, b: usize, count: i32, sums: usize): void {
  let left = count;
  for (; left >= 16; left -= 16, a += 64, b += 64, sums += 64) {
    const s0 = f32x4.add(v128.load(a), v128.load(b));
    const s1 = f32x4.add(v128.load(a, 16), v128.load(b, 16));
    const s2 = f32x4.add(v128.load(a, 32), v128.load(b, 32));
    const s3 = f32x4.add(v128.load(a, 48), v128.load(b, 48));
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    v128.store(sums, s2, 32);
    v128.store(sums, s3, 48);
  }
  for (; left > 0; left--, a += 4, b += 4, sums += 4) {
    store<f32>(sums, load<f32>(a) + load<f32>(b));
  }
}

/** sums[r, c] = a[r, c] + row[c] over `rows` × `channels` floats. */
export function addRowF32(a: usize, row: usize, rows: i32, channels: i32, sums: usize): void {
  const excess = <usize> (paddedToLanes(channels) - channels) << 2;
  for (; rows > 0; rows--) {
    let from = row;
    for (let left = channels; left > 0; left -= 4, a += 16, from += 16, sums += 16) {
      storeLanesF32(sums, f32x4.add(loadLanesF32(a, left), loadLanesF32(from, left)), left);
    }
    // The last vector may have been a part of one.
    a -= excess;
    sums -= excess;
  }
}
