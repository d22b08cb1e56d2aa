/** The first `count` floats at an address, 1 to 3, in the first lanes; zeros in the others. */
export function loadPartF32(from: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(from);
  const two = v128.load64_zero(from);
  return count == 2 ? two : v128.load32_lane(from, two, 2, 8);
}

/** Stores the first `count` lanes, 1 to 3. */
export function storePartF32(to: usize, lanes: v128, count: i32): void {
  if (count == 1) return v128.store32_lane(to, lanes, 0);
  v128.store64_lane(to, lanes, 0);
  if (count == 3) v128.store32_lane(to, lanes, 2, 8);
}

/** Writes `count` zeros. */
export function clearF32(to: usize, count: i32): void {
  let left = count;
  for (; left >= 4; left -= 4, to += 16) v128.store(to, f32x4.splat(0));
  for (; left > 0; left--, to += 4) store<f32>(to, 0);
}

/** Writes `count` zeros. */
export function clearF64(to: usize, count: i32): void {
  for (let left = count; left > 0; left--, to += 8) store<f64>(to, 0);
}

/** Adds `count` f32 sums to f64 sums and leaves zeros behind. */
export function flushF32IntoF64(from: usize, to: usize, count: i32): void {
  for (let left = count; left > 0; left--, from += 4, to += 8) {
    store<f64>(to, load<f64>(to) + <f64> load<f32>(from));
    store<f32>(from, 0);
  }
}
