/** A number of floats rounded up to whole vectors. */
export function paddedToLanes(count: i32): i32 {
  return (count + 3) & ~3;
}

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

/** Four floats, or the `left` that remain of a row. */
export function loadLanesF32(from: usize, left: i32): v128 {
  return left >= 4 ? v128.load(from) : loadPartF32(from, left);
}

/** Stores four floats, or the `left` that remain of a row. */
export function storeLanesF32(to: usize, lanes: v128, left: i32): void {
  if (left >= 4) v128.store(to, lanes);
  else storePartF32(to, lanes, left);
}

/** Adds four f32 lanes to four f64 sums. */
export function addLanesToF64(lanes: v128, to: usize): void {
  const high = v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3);
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(lanes)));
  v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(high)), 16);
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
