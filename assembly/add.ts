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
